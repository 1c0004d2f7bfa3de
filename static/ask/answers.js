// The answers of /chat-stream, piece by piece.

import * as connection from "../connection.js";
import { send } from "../api.js";
import { problemOf, unreachable } from "../problems.js";
import { events } from "../sse.js";

/**
 * Ask about a picture.
 *
 * @param {string} id the picture's
 * @param {string} question
 * @param {{key: string, signal: AbortSignal, onTaken: () => void, onText: (piece: string) => void}} options `onTaken` is
 *   called when the server has taken the question
 * @returns {Promise<{provider: string, finish: string}>}
 * @throws {Problem}, or an AbortError. `problem.broken` says that the answer had begun.
 */
export async function ask(id, question, { key, signal, onTaken, onText }) {
  const response = await send("POST", `/chat-stream/${id}`, { json: { question }, key, signal, accept: "text/event-stream" });
  onTaken();
  let provider = "";
  let finish = "";
  let done = false;
  try {
    for await (const { data } of events(response.body)) {
      if (data === "[DONE]") {
        done = true; // read on to the stream's own end, so that the connection can be used again
        continue;
      }
      const chunk = JSON.parse(data);
      if (chunk.error) throw problemOf(502, chunk);
      provider = chunk.provider ?? provider;
      const [choice] = chunk.choices;
      if (choice?.delta?.content) onText(choice.delta.content);
      finish = choice?.finish_reason ?? finish;
    }
  } catch (error) {
    if (error.name === "AbortError" || error.code) throw broken(error);
    // The connection broke in the middle; what the server made of it is asked for later.
  }
  if (done) return { provider, finish };
  connection.lost();
  throw broken(unreachable());
}

function broken(error) {
  error.broken = true;
  return error;
}
