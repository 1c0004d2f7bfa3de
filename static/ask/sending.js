// A new picture on its way to the server.

import { newKey } from "../api.js";
import { alarm, say } from "../announce.js";
import { byId, size, tool } from "../dom.js";
import { upload } from "../upload.js";

const MOST_BYTES = 16 * 1024 * 1024;

/** Why a file need not be sent at all; empty if it may be. */
export function refusal(file) {
  if (file.size > MOST_BYTES) return `“${file.name}” has ${size(file.size)}; at most 16 MB are taken.`;
  if (file.size === 0) return `“${file.name}” is empty.`;
  return "";
}

/**
 * Send a picture, showing how far it is; on failure offer to send it again until it goes or is given up.
 *
 * @returns {Promise<object|null>} the server's first analysis, or null when it was given up
 */
export async function sendPicture(file) {
  const key = newKey();
  const panel = byId("ask-upload");
  const stop = byId("ask-upload-stop");
  for (;;) {
    const stopper = new AbortController();
    stop.onclick = () => stopper.abort();
    stop.textContent = "Cancel";
    panel.hidden = false;
    panel.querySelector(".retry")?.remove();
    try {
      say("Sending the picture.");
      const answer = await upload("/upload", file, { key, signal: stopper.signal, onProgress: showShare });
      panel.hidden = true;
      return answer;
    } catch (error) {
      if (error.name === "AbortError" || !(await wantsAgain(panel, stop, error))) {
        panel.hidden = true;
        if (error.name !== "AbortError" && !error.again) throw error;
        return null;
      }
    }
  }
}

function showShare(share) {
  const bar = byId("ask-progress");
  bar.hidden = false;
  if (share < 1) {
    bar.value = share * 100;
    byId("ask-progress-text").textContent = `Sending… ${Math.round(share * 100)} %`;
  } else {
    bar.removeAttribute("value");
    byId("ask-progress-text").textContent = "Looking at the picture…";
  }
}

/** Say what went wrong and wait for a decision; what cannot go well later is not asked about. */
function wantsAgain(panel, stop, error) {
  alarm(error.message);
  if (!error.again) return Promise.resolve(false);
  byId("ask-progress").hidden = true;
  byId("ask-progress-text").textContent = `${error.message} The picture is still here.`;
  return new Promise((resolve) => {
    const retry = tool("retry", "Send again", () => resolve(true), "button small primary retry");
    stop.textContent = "Give up";
    stop.onclick = () => resolve(false);
    byId("ask-upload-tools").prepend(retry);
    retry.focus();
  });
}

/** The facts of a picture in one line. */
export function factsOf({ width, height, mime_type: kind, size_bytes: bytes }) {
  return `${width} × ${height} · ${kind.replace("image/", "").toUpperCase()} · ${size(bytes)}`;
}
