// Chat: questions about the whole library, and having it sorted.

import { alarm, say } from "../announce.js";
import * as connection from "../connection.js";
import { byId, confirmed, make } from "../dom.js";
import { startDrawer } from "../drawer.js";
import { ask, askText } from "../dialogs.js";
import { notice, tried } from "../notice.js";
import { choosing } from "../picking.js";
import { go, settle, whenBackHere } from "../router.js";
import { following, sendsOnEnter } from "../turns.js";
import { attach, given, handOver, sending } from "./attaching.js";
import * as sessions from "./sessions.js";
import * as side from "./side.js";
import { Talk } from "./talk.js";

const BEGINNINGS = [
  "What pictures do I have?",
  "How many pictures a month do I have?",
  "List my documents",
  "Which pictures show people?",
];
const FORMATS = { markdown: "Markdown", json: "JSON, which programs read", text: "Plain text" };
const field = byId("chat-text");
const follow = following(byId("chat-log"));
/** Chats opened since the page was loaded, by id; answers go on coming in while another one is shown. */
const talks = new Map();
let open = null; // the Talk that is shown
let beginning = false;

start();

/** Show a chat, or the place where one begins. */
export async function enter(id) {
  showProblem("");
  if (id && (await openTalk(id))) return;
  if (id) return;
  open = null;
  showStart();
  await list("");
}

/** Files for the next message, from wherever they came. */
export function takeFiles(files) {
  if (open && !open.session.is_active) return;
  attach(files, () => refresh(open));
  field.focus();
}

function showStart() {
  byId("chat-talk").hidden = true;
  byId("chat-start").hidden = false;
  byId("chat-begin").append(byId("chat-row"));
  refresh();
}

async function list(id) {
  try {
    await side.showList(id);
  } catch (error) {
    if (error.lost) connection.whenBack(() => list(id));
    else showProblem(error.message);
  }
}

async function openTalk(id) {
  let talk = talks.get(id);
  try {
    const { session, messages } = await sessions.get(id);
    if (talk) talk.session = session;
    if (!talk) {
      talk = new Talk(session, () => refresh(talk));
      await talk.restore(messages);
      talks.set(id, talk);
    }
  } catch (error) {
    settle("/chat");
    if (error.lost) whenBackHere(() => go(`/chat/${id}`));
    await enter("");
    showProblem(error.message);
    return false;
  }
  show(talk);
  await list(id);
  return true;
}

function show(talk) {
  open = talk;
  byId("chat-start").hidden = true;
  byId("chat-talk").hidden = false;
  byId("chat-talk").querySelector(".chat-body").insertBefore(byId("chat-row"), byId("chat-ended"));
  byId("chat-log").replaceChildren(talk.box);
  showSession();
  refresh(talk);
  follow(true);
}

/** What the chat is called, what it is about, and whether it is still open. */
function showSession() {
  const {
    title,
    is_active: active,
    use_all_images: all,
    selected_image_count: pictures,
    selected_document_count: documents,
  } = open.session;
  byId("chat-name").textContent = title;
  const parts = [
    all ? "all pictures" : `${pictures} ${pictures === 1 ? "picture" : "pictures"}`,
    documents ? `${documents} ${documents === 1 ? "document" : "documents"}` : "all documents",
  ];
  byId("chat-facts").textContent = `About ${parts.join(" and ")}`;
  byId("chat-aim").hidden = (all && !documents) || !active;
  byId("chat-aim-text").textContent = `Only about ${parts.filter((part) => !part.startsWith("all")).join(" and ")}`;
  byId("chat-ended").hidden = active;
  byId("chat-row").hidden = !active;
  byId("chat-close").hidden = !active;
}

/** Bring buttons and suggestions in line with the chat, if it is the one shown. */
function refresh(talk = null) {
  if (talk !== open) return;
  const busy = open?.busy ?? beginning;
  const hadFocus = document.activeElement === byId("chat-stop");
  byId("chat-send").hidden = busy;
  byId("chat-stop").hidden = !busy;
  byId("chat-send").disabled = sending();
  field.placeholder = given() ? "Ask about these…" : "Ask about your library…";
  if (hadFocus && !busy) field.focus();
  byId("chat-chips").replaceChildren(...(open ? [] : BEGINNINGS.map(chip)));
  if (!open) {
    byId("chat-row").hidden = false;
    byId("chat-aim").hidden = true;
  }
  follow();
}

const chip = (words) => make("li", {}, make("button", { type: "button", className: "chip", onclick: () => put(words) }, words));

async function put(text) {
  if (beginning || open?.busy) return;
  if (!(await (open ? aim() : begin(text)))) {
    field.value ||= text;
    return;
  }
  const talk = open;
  const sent = talk.send(text);
  follow(true);
  field.focus();
  await sent;
  await after(talk);
}

/** A new chat, called as its first message. */
async function begin(text) {
  beginning = true;
  refresh();
  try {
    const id = await sessions.begin({ title: text, ...handOver() });
    const { session } = await sessions.get(id);
    const talk = new Talk(session, () => refresh(talk));
    talks.set(id, talk);
    settle(`/chat/${id}`);
    beginning = false;
    show(talk);
    list(id);
    return true;
  } catch (error) {
    showProblem(error.message);
    return false;
  } finally {
    beginning = false;
    refresh(open);
  }
}

/** Let the chat that is open be about what was added to it. */
async function aim() {
  if (!given()) return true;
  beginning = true;
  return tried(async () => {
    const talk = open;
    await sessions.aimAt(talk.id, handOver());
    ({ session: talk.session } = await sessions.get(talk.id));
    if (talk === open) showSession();
  }).finally(() => (beginning = false));
}

/** The server counts what was said; the list stands in a new order. */
async function after(talk) {
  if (byId("view-chat").hidden) {
    say(`There is an answer in the chat “${talk.session.title}”.`);
    return;
  }
  await list(open?.id ?? "");
}

async function rename() {
  const renamed = await askText("Rename the chat", "Title", "Rename", open.session.title, async (title) =>
    Object.assign(open.session, await sessions.rename(open.id, title)),
  );
  if (!renamed) return;
  showSession();
  await list(open.id);
}

async function close() {
  if (!(await confirmed("Close this chat?", "Nothing more can be said in it. It can still be read and saved.", "Close it")))
    return;
  await tried(async () => {
    await sessions.close(open.id);
    open.session.is_active = false;
    showSession();
    notice("The chat is closed.");
    await list(open.id);
    byId("chat-name").focus();
  });
}

async function save() {
  const format = make(
    "select",
    { id: "save-format" },
    ...Object.entries(FORMATS).map(([value, words]) => make("option", { value }, words)),
  );
  const more = make("input", { type: "checkbox", id: "save-more" });
  const body = [
    make("label", { htmlFor: format.id }, "Format"),
    format,
    make("label", { className: "way" }, more, make("span", {}, "With details: model, tokens, times, pictures")),
  ];
  const wish = await ask("Save the chat as a file", body, "Save", { read: () => [format.value, more.checked] });
  if (wish) await tried(() => sessions.save(open.id, ...wish));
}

async function aimAtAll() {
  await tried(async () => {
    if (!open.session.use_all_images) await sessions.aimAtAll(open.id);
    if (open.session.selected_document_count) await sessions.noDocuments(open.id);
    ({ session: open.session } = await sessions.get(open.id));
    showSession();
    field.focus();
    say("The chat is about everything again.");
  });
}

function showProblem(text) {
  byId("chat-problem").hidden = !text;
  byId("chat-problem").textContent = text;
  if (text) alarm(text);
}

function start() {
  startDrawer("chat");
  sendsOnEnter(field, byId("chat-form"));
  byId("chat-form").addEventListener("submit", (event) => {
    event.preventDefault();
    const text = field.value.trim();
    if (!text || beginning || sending() || open?.busy) return;
    field.value = "";
    put(text);
  });
  byId("chat-stop").addEventListener("click", () => open?.stop());
  choosing(byId("chat-attach"), byId("chat-file"), (_first, files) => takeFiles(files));
  byId("chat-rename").addEventListener("click", rename);
  byId("chat-export").addEventListener("click", save);
  byId("chat-close").addEventListener("click", close);
  byId("chat-aim-all").addEventListener("click", aimAtAll);
  byId("chat-list-more").addEventListener("click", () => tried(side.next));
  const find = byId("chat-find");
  byId("chat-find-form").addEventListener("submit", (event) => {
    event.preventDefault();
    tried(() => side.search(find.value.trim()));
  });
  find.addEventListener("search", () => !find.value && tried(() => side.search("")));
}
