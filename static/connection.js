// Whether the server can be reached, and the banner that says when it cannot.

import { alarm, say } from "./announce.js";
import { byId } from "./dom.js";

const PROBE_MS = 3000;
const waiting = new Set();
let gone = false;
let timer = null;

/** A request found nobody: show it, and look again until somebody answers. */
export function lost() {
  if (gone) return;
  gone = true;
  byId("banner").hidden = false;
  alarm("The server cannot be reached. What you wrote is kept.");
  timer = setInterval(probe, PROBE_MS);
}

/** Call back once when the server answers again; at once if it is not gone. */
export function whenBack(callback) {
  if (gone) waiting.add(callback);
  else callback();
}

async function probe() {
  try {
    const answer = await fetch("/healthz", { cache: "no-store", signal: AbortSignal.timeout(PROBE_MS) });
    if (answer.status < 500) back(); // it may want a key, but it is there
  } catch {
    // Still gone; the banner says so already.
  }
}

function back() {
  if (!gone) return;
  gone = false;
  clearInterval(timer);
  byId("banner").hidden = true;
  say("The server answers again.");
  const callbacks = [...waiting];
  waiting.clear();
  for (const callback of callbacks) callback();
}

export function startWatching() {
  window.addEventListener("offline", lost);
  window.addEventListener("online", probe);
  byId("reconnect").addEventListener("click", probe);
}
