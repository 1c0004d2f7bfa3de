// A document, a page at a time, with the words that were cited marked.

import { alarm, say } from "../announce.js";
import { byId, confirmed, icon, make } from "../dom.js";
import { go, settle } from "../router.js";
import { round, saving } from "./controls.js";
import { askFolder, askText } from "../dialogs.js";
import { everyFolder, folderOf, loadFolders } from "./folders.js";
import { notice, tried } from "../notice.js";
import { paragraphs } from "./paragraphs.js";
import * as server from "./server.js";
import { documentFacts, progressOf, renew, takeOff } from "./shelf.js";

const LOOK_AGAIN_MS = 2000;
const place = byId("library-opened");
let wanted = "";
let open = null; // {document, number, words}
let leave = () => {};
let timer = null;

/**
 * Show a page of a document.
 *
 * @param {number} number from 1
 * @param {string} words to mark; "" for none
 * @param {(changed?: boolean) => void} back go to the list
 * @throws {Problem}
 */
export async function openDocument(id, number, words, back) {
  leave = back;
  wanted = id;
  const document = await server.documentOf(id);
  if (wanted !== id) return; // somebody went on meanwhile
  open = { document, number, words };
  place.replaceChildren(bar(document), make("div", { className: "sheet-room", id: "sheet" }));
  await show();
}

export function closeDocument() {
  clearTimeout(timer);
  wanted = "";
  open = null;
}

function bar(document) {
  const { id, filename, title } = document;
  const number = make("input", { type: "number", id: "page-number", min: 1 });
  number.setAttribute("aria-label", "Page");
  const turning = make(
    "form",
    { className: "turning" },
    round("left", "Previous page", () => turnTo(open.number - 1), "page-before"),
    number,
    make("span", { className: "muted", id: "page-count" }),
    round("right", "Next page", () => turnTo(open.number + 1), "page-after"),
  );
  turning.addEventListener("submit", (event) => {
    event.preventDefault();
    turnTo(number.valueAsNumber);
  });
  number.addEventListener("change", () => turnTo(number.valueAsNumber));
  return make(
    "div",
    { className: "opened-head" },
    round("left", "Back to the list", () => leave()),
    make(
      "div",
      { className: "opened-name" },
      make("h1", { tabIndex: -1, id: "document-name" }, title || filename),
      make("p", { className: "muted", id: "document-facts", title: filename }, documentFacts(document)),
    ),
    turning,
    round("chat", "Chat about this document", chat),
    round("pencil", "Give it another title", rename),
    round("folder", "Move into a folder", move),
    saving(server.fileOf(id), filename, "Download the original"),
    round("trash", "Delete this document", remove),
  );
}

/** Show the page that is asked for, or how far the reading is. */
async function show() {
  const { document, number, words } = open;
  const sheet = byId("sheet");
  const readable = document.status === "ready" || (document.pages_done ?? 0) >= number;
  placeNumber();
  const state = progressOf(document);
  clearTimeout(timer);
  if (document.status === "pending" || document.status === "processing")
    timer = setTimeout(() => refresh().catch(() => {}), LOOK_AGAIN_MS);
  if (!readable) {
    sheet.replaceChildren(make("div", { className: "unread" }, state, document.status === "failed" ? await again() : null));
    return;
  }
  sheet.setAttribute("aria-busy", "true");
  try {
    const page = await server.page(document.id, number);
    if (open?.document.id !== document.id || open.number !== number) return;
    const { body, marks } = paragraphs(page, words);
    sheet.replaceChildren(
      make(
        "article",
        { className: "sheet", tabIndex: -1, dir: "auto", aria: { label: `Page ${number}` } },
        ...[
          state,
          page.ocr ? make("p", { className: "muted small-print" }, "Read off a picture of the page; words may be wrong.") : null,
        ].filter(Boolean),
        ...body,
      ),
    );
    marks[0]?.scrollIntoView({ block: "center" });
    if (!marks.length) place.scrollTop = 0;
    say(`Page ${number} of ${document.page_count ?? "?"}${marks.length ? ", with the cited words marked" : ""}.`);
  } catch (error) {
    sheet.replaceChildren(make("p", { className: "problem" }, error.message));
    alarm(error.message);
  } finally {
    sheet.setAttribute("aria-busy", "false");
  }
}

async function again() {
  const button = make("button", { type: "button", className: "button small" }, icon("retry"), "Try again");
  button.onclick = () =>
    tried(async () => {
      await server.readAgain(open.document.id);
      await refresh();
    });
  return button;
}

function placeNumber() {
  const { document, number } = open;
  const count = document.page_count ?? document.pages_done;
  byId("page-number").value = number;
  byId("page-number").max = count || 1;
  byId("page-count").textContent = `of ${count || "?"}`;
  byId("page-before").disabled = number <= 1;
  byId("page-after").disabled = number >= count;
}

async function turnTo(number) {
  const count = open.document.page_count ?? open.document.pages_done;
  if (!Number.isInteger(number) || number < 1 || number > count || number === open.number) {
    placeNumber();
    return;
  }
  open.number = number;
  settle(`/library/document/${open.document.id}/${number}${open.words ? `/${encodeURIComponent(open.words)}` : ""}`);
  await show();
}

async function refresh() {
  const { id } = open.document;
  const now = await server.documentOf(id);
  if (open?.document.id !== id) return;
  const shown = place.querySelector(".sheet");
  open.document = now;
  renew(now);
  byId("document-facts").textContent = documentFacts(now);
  if (!shown) await show();
  else placeNumber();
}

async function rename() {
  const { id, title, filename } = open.document;
  await askText("Rename the document", "Title", "Rename", title || filename, async (words) => {
    const now = await server.changeDocument(id, { title: words });
    renew(now);
    if (open?.document.id !== id) return;
    open.document = now;
    byId("document-name").textContent = now.title || now.filename;
    notice("Saved.");
  });
}

async function chat() {
  const { id, title, filename } = open.document;
  const { begin } = await import("../chat/sessions.js");
  await tried(async () => go(`/chat/${await begin({ title: `About ${title || filename}`, documents: [id] })}`));
}

async function move() {
  const { document } = open;
  const folder = await askFolder("Move the document into", everyFolder(), "Move", { current: document.folder_id });
  if (folder === null || folder === (document.folder_id ?? "")) return;
  const put = async (to) => {
    const now = await server.changeDocument(document.id, { folder_id: to || null });
    if (open) open.document = now;
    renew(now);
    await loadFolders();
  };
  await tried(async () => {
    await put(folder);
    notice(folder ? `Moved to “${folderOf(folder).name}”.` : "Taken out of its folder.", () =>
      tried(() => put(document.folder_id)),
    );
  });
}

async function remove() {
  const { id } = open.document;
  if (
    !(await confirmed(
      "Delete this document?",
      "It goes from the server, with all that was read from it. This cannot be undone.",
      "Delete",
    ))
  )
    return;
  await tried(async () => {
    await server.removeDocument(id);
    takeOff([id]);
    notice("The document is deleted.");
    leave(true);
  });
}
