// An answer's events, to their end: a stream that is cut is taken up again where it was left.

import * as connection from "../connection.js";
import { problemOf, unreachable } from "../problems.js";
import { events } from "../sse.js";
import * as sessions from "./sessions.js";

const TRIES = 5;
const PAUSE_MS = 400;

/**
 * Ask, and read the answer.
 *
 * @param {string} session
 * @param {string} text
 * @param {{key: string, detailed: boolean, signal: AbortSignal, on: (event: object) => void}} options `on` gets every event's data;
 *   `{type: "again"}` means that all events come once more from the start
 * @returns {Promise<void>} when the answer is whole
 * @throws {Problem}, or an AbortError; `problem.broken` says that the server had taken the question
 */
export async function ask(session, text, { key, detailed, signal, on }) {
  await read(await sessions.ask(session, text, { key, detailed, signal }), { session, message: "", last: "", signal, on });
}

/** Read the answer to an earlier question, from its start and on while it is made. */
export async function follow(session, message, { signal, on }) {
  await read(await sessions.follow(session, message, { signal }), { session, message, last: "", signal, on });
}

async function read(first, state) {
  let response = first;
  for (let cuts = 0; ; cuts += 1) {
    if (await readOn(response, state)) return;
    if (!state.message || cuts === TRIES) throw Object.assign(unreachable(), { broken: true });
    response = await taken(state);
    if (!state.last) state.on({ type: "again" });
  }
}

/** Read until the stream's end; whether it was the answer's end too. */
async function readOn(response, state) {
  try {
    for await (const { data, id } of events(response.body)) {
      const event = JSON.parse(data);
      if (id) state.last = id;
      if (event.message_id) state.message = event.message_id;
      if (event.type === "close") return true;
      if (event.type === "error") throw Object.assign(problemOf(eventStatus(event), event), { broken: true, told: true });
      if (event.type === "auth_error")
        throw Object.assign(problemOf(404, { detail: "This chat is no longer on the server." }), { broken: true, told: true });
      state.on(event);
    }
  } catch (error) {
    if (error.name === "AbortError" || error.told) throw error;
    // The connection broke in the middle.
  }
  return false;
}

// An `error` event has no status; what is over the limit cannot go well later.
const eventStatus = ({ code = "", message }) => (/LIMIT_EXCEEDED/.test(code) ? 413 : message ? 502 : 500);

/** The stream once more, from after what was read; waits for the server as long as it takes. */
async function taken({ session, message, last, signal }) {
  for (let pause = PAUSE_MS; ; pause = 3000) {
    await new Promise((resolve) => setTimeout(resolve, pause));
    try {
      return await sessions.follow(session, message, { after: last, signal });
    } catch (error) {
      if (!error.lost) throw Object.assign(error, { broken: true });
      await new Promise((resolve) => connection.whenBack(resolve));
    }
  }
}
