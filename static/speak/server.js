// The voice service's requests.

import { attempt, json, newKey } from "../api.js";
import { keep, kept } from "../keep.js";
import { Problem, problemOf } from "../problems.js";

const ROOT = "/api/v1";

/** What stands in place of the question when there was none. */
export const SNAPSHOT = "[Snapshot Mode]";

/** The name of this browser's session. */
export function session() {
  const known = kept("voice.session");
  if (typeof known === "string") return known;
  const fresh = newKey();
  keep("voice.session", fresh);
  return fresh;
}

/**
 * Send a picture and, unless it is a snapshot, a question.
 *
 * @param {{image: Blob, audio?: Blob, question?: string, language: string}} request
 * @param {string} key the same for the same request sent again
 * @returns {Promise<{ok: boolean, audio: Blob|null, text: string, language: string, again: boolean}>} an answer that can
 *   be heard; a failure that can be heard is one too
 * @throws {Problem} for a failure in writing
 */
export async function analyze({ image, audio, question, language }, key) {
  const form = new FormData();
  form.append("session_id", session());
  form.append("mode", audio || question ? "conversation" : "snapshot");
  form.append("image", image, "picture.jpg");
  if (audio) form.append("audio", audio, "question.wav");
  if (question) form.append("question", question);
  if (language) form.append("language", language);
  const response = await attempt("POST", `${ROOT}/analyze`, { form, key, accept: "audio/mpeg" });
  const heard = response.headers.get("Content-Type")?.startsWith("audio/");
  if (!heard) {
    if (response.status === 404) throw new Problem("This server does not have the voice service.", { status: 404 });
    throw problemOf(response.status, await response.json().catch(() => null));
  }
  return {
    ok: response.ok,
    audio: await response.blob(),
    text: words(response.headers.get("X-Response-Text")),
    language: response.headers.get("X-Detected-Language") ?? language,
    again: response.status >= 500 || response.status === 429,
  };
}

/** What was said in this session, oldest first; empty for one that has ended or not begun. */
export async function history() {
  if (!kept("voice.session")) return [];
  try {
    return (await json("GET", `${ROOT}/session/${encodeURIComponent(session())}`)).chat_history;
  } catch (error) {
    if (error instanceof Problem && error.status === 404) return [];
    throw error;
  }
}

export async function reset() {
  const form = new FormData();
  form.append("session_id", session());
  await json("POST", `${ROOT}/session/reset`, { form });
}

/** Header text: percent-encoded where it is not ASCII. */
function words(value) {
  try {
    return decodeURIComponent(value ?? "");
  } catch {
    return value; // a percent sign that is only a percent sign
  }
}
