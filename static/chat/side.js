// The list of chats, as the server has it.

import { say } from "../announce.js";
import { byId, make } from "../dom.js";
import * as sessions from "./sessions.js";

const WHEN = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });
const list = byId("chat-list");
const note = byId("chat-list-note");
const more = byId("chat-list-more");
let words = "";
let shown = 0;
let round = 0;
let open = "";

/** Show the chats anew; `current` is the id of the one that is open. */
export async function showList(current = open) {
  open = current;
  shown = 0;
  round += 1;
  await next();
}

/** Search the chats for words; none shows them all. */
export async function search(text) {
  words = text;
  await showList();
  say(note.hidden ? `${list.children.length} found.` : note.textContent);
}

/** Show the next page of them. */
export async function next() {
  const mine = round;
  const { sessions: found, total_count: total, has_more: left } = await sessions.page(words, shown);
  if (mine !== round) return;
  const items = found.map(entry);
  if (shown) list.append(...items);
  else list.replaceChildren(...items);
  if (shown) items[0]?.firstElementChild.focus();
  shown += found.length;
  more.hidden = !left;
  note.hidden = total > 0;
  note.textContent = words ? "No chat holds these words." : "Your chats are listed here and kept on the server.";
}

function entry({ id, title, is_active: active, last_message_at: last, created_at: created, last_message_preview: preview }) {
  const when = WHEN.format(new Date(last ?? created));
  const link = make(
    "a",
    { href: `#/chat/${id}` },
    make("b", { title }, title),
    make("small", { title: preview ?? "" }, active ? when : `${when} · closed`),
  );
  if (id === open) link.setAttribute("aria-current", "true");
  return make("li", {}, link);
}
