// What the server has kept of a conversation.

import { json } from "../api.js";
import * as connection from "../connection.js";

const LOOK_AGAIN_MS = 1000;

/** Facts of a picture. */
export const pictureOf = (id) => json("GET", `/images/${id}`);

/** Its messages, oldest first. */
export async function messagesOf(id) {
  const { messages } = await json("GET", `/images/${id}/messages`);
  return messages;
}

/** A message as it is now; while the server cannot be reached, as soon as it can. */
async function newest(id, messageId) {
  try {
    return (await messagesOf(id)).find((each) => each.id === messageId);
  } catch (error) {
    if (!error.lost) return null; // the picture was deleted meanwhile
    await new Promise((resolve) => connection.whenBack(resolve));
    return newest(id, messageId);
  }
}

/**
 * Wait until an answer is no longer being written. The server settles one whose reader has gone, so this ends.
 *
 * @param {(text: string) => void} onText called with all there is so far
 * @returns {Promise<object>} the message as it was left
 */
export async function followAnswer(id, message, onText) {
  let current = message;
  while (current.status === "streaming") {
    onText(current.content);
    await new Promise((resolve) => setTimeout(resolve, LOOK_AGAIN_MS));
    current = (await newest(id, message.id)) ?? { ...current, status: "interrupted" };
  }
  return current;
}
