// What was said in a work, and saying more.

import { newKey, setPicture } from "../api.js";
import { alarm, say } from "../announce.js";
import { byId, make, tool } from "../dom.js";
import { Mine, Reply, by } from "../turns.js";
import * as server from "./server.js";

const box = make("div", { className: "turns" });
byId("studio-log").append(box);
let stopper = null;

export const clear = () => box.replaceChildren();
export const stop = () => stopper?.abort();

/** Show what the server has kept; `told` as for `sendWish`. */
export function showTurns(work, told) {
  clear();
  for (const [index, turn] of work.turns.entries()) {
    const unmade = !turn.text && !turn.version_id;
    // Asked again with the same words: what came of it stands below the last time.
    if (unmade && work.turns[index + 1]?.message === turn.message) continue;
    const mine = new Mine(turn.message);
    box.append(mine.element);
    if (unmade) {
      const wish = { message: turn.message, conversation_id: work.conversation_id };
      unsent("This was not made.", mine, { wish, told, key: newKey() });
      continue;
    }
    const reply = new Reply();
    box.append(reply.element);
    const tools = turn.version_id ? [versionTool(turn.version_id, work.versions, told.choose)] : [];
    reply.finish(turn.text, { tools: tools.filter(Boolean), by: by("Made", turn.provider), announce: false });
  }
}

function versionTool(id, versions, choose) {
  const number = versions.findIndex((version) => version.version_id === id) + 1;
  if (!number) return make("span", {}, "This version was deleted.");
  const image = make("img", { alt: "", className: "mini" });
  setPicture(image, server.thumbnailOf(id));
  const words = make("span", {}, `Version ${number}`);
  return make("button", { type: "button", className: "tool", onclick: () => choose(id) }, image, words);
}

/**
 * Send a wish, and show it with what came of it.
 *
 * @param {object} wish see server.make
 * @param {{arrived: (answer: object) => Promise<object>, choose: (id: string) => void, busy: (on: boolean) => void}} told
 *   `arrived` is given the answer and resolves to the work as the server has it then
 */
export async function sendWish(wish, told, key = newKey(), mine = new Mine(wish.message)) {
  const reply = new Reply("Working on it…");
  mine.sending();
  box.append(mine.element, reply.element);
  stopper = new AbortController();
  told.busy(true);
  try {
    const answer = await server.make(wish, { key, signal: stopper.signal });
    const work = await told.arrived(answer);
    const tools = answer.picture ? [versionTool(answer.version_id, work.versions, told.choose)] : [];
    const note = answer.picture && answer.changed === false ? "Nothing in the picture changed." : undefined;
    await reply.finish(answer.text, { note, tools, by: by("Made", answer.provider), announce: false });
    say([answer.text, note, answer.alt_text && `The picture now: ${answer.alt_text}`].filter(Boolean).join(" "));
  } catch (error) {
    reply.element.remove();
    if (error.conversation && !wish.conversation_id) {
      // What was begun is kept: it is gone on with there, and a changed request is another one.
      const { current_version_id: version } = await told.arrived({ conversation_id: error.conversation });
      wish = { message: wish.message, mask: wish.mask, conversation_id: error.conversation, version_id: version ?? undefined };
      key = newKey();
    }
    notSent(error, mine, { wish, told, key });
  } finally {
    told.busy(false);
  }
}

function notSent(error, mine, again) {
  const why = error.name === "AbortError" ? "You stopped waiting. The server may still finish this." : error.message;
  unsent(why, mine, again, error.again !== false);
  alarm(why);
}

function unsent(why, mine, { wish, told, key }, may = true) {
  const retry = tool("retry", "Try again", () => sendWish(wish, told, key, mine));
  const drop = tool("close", "Remove", () => mine.element.remove());
  mine.failed(why, ...(may ? [retry] : []), drop);
}
