// Library: pictures and documents in folders, found by words, and each of them opened.

import { alarm } from "../announce.js";
import { byId, make } from "../dom.js";
import { startDrawer } from "../drawer.js";
import { keep, kept } from "../keep.js";
import { choosing } from "../picking.js";
import { go, whenBackHere } from "../router.js";
import { find, forget, searching, showFinding, startFinding } from "./finding.js";
import * as folders from "./folders.js";
import { closePicture, openPicture } from "./picture.js";
import { closeDocument, openDocument } from "./reader.js";
import { allowSelecting, mark, startSelecting, stopSelecting } from "./selecting.js";
import { sendAll } from "./sendings.js";
import * as server from "./server.js";
import * as shelf from "./shelf.js";
import { closeVideo, openVideo } from "./video.js";

const SOON_MS = 400;
const KINDS = { pictures: "Pictures", videos: "Videos", documents: "Documents" };
const TYPES = {
  pictures: "PNG, JPEG, GIF or WebP, up to 16 MB each",
  videos: "MP4 or WebM, up to 64 MB and ten minutes each",
  documents: "PDF, Word, Markdown, HTML or text, up to 50 MB each",
};
let kind = "pictures";
let folder = "";
let filled = ""; // which kind and folder the shelf holds
let stale = false; // it is not what the server has any more
let opened = ""; // what was opened from the list last
let due = null; // the timer of a look at what has come in
const came = new Set(); // kinds of what has come in since the last look
/** What folders hold and what is found by words: videos lie in no folder, and are found by pictures of their scenes. */
const sorted = () => (kind === "videos" ? "pictures" : kind);

start();

/** `#/library`, `#/library/pictures/<folder>`, `#/library/documents/<folder>`, `#/library/picture/<id>`,
 * `#/library/document/<id>/<page>/<words>`, `#/library/video/<id>/<milliseconds>`, `#/library/link/<id>`. */
export async function enter(what = "", id = "", page = "", words = "") {
  showProblem("");
  try {
    if (what === "picture" && id) await open(id, () => openPicture(id, back));
    else if (what === "document" && id) await open(id, () => openDocument(id, Number(page) || 1, words, back));
    else if (what === "video" && id) await open(id, () => openVideo(id, page === "" ? null : Number(page) || 0, back));
    else if (what === "link" && id) await follow(id);
    else await showShelf(Object.hasOwn(KINDS, what) ? what : "pictures", id);
  } catch (error) {
    if (error.lost) whenBackHere(() => enter(what, id, page, words));
    else if (folder === id) folder = ""; // it is gone
    await showShelf(kind, folder).catch(() => {});
    showProblem(error.message);
  }
}

/** Add files, whatever they are. */
export function takeFiles(files) {
  if (!byId("library-opened").hidden) back();
  sendAll(files, folder, arrived);
}

async function open(id, show) {
  opened = id;
  closeOpened();
  if (!folders.everyFolder().length) await folders.loadFolders();
  folders.showTree(folder, sorted());
  await show();
  const left = byId("library-shelf").contains(document.activeElement);
  byId("library-shelf").hidden = true;
  byId("library-opened").hidden = false;
  if (left) byId("library-opened").querySelector("h1")?.focus();
}

/** A link belongs to a picture; there it is shown with the others. */
async function follow(id) {
  for await (const link of server.links({})) {
    if (link.id === id) {
      go(`/library/picture/${link.image_id}`);
      return;
    }
  }
  throw new Error("This link is no longer there.");
}

/** Go to the list; `changed`: it is not what it was. */
function back(changed = false) {
  stale ||= changed;
  go(folder ? `/library/${kind}/${folder}` : `/library/${kind}`);
}

function closeOpened() {
  closePicture();
  closeDocument();
  closeVideo();
}

async function showShelf(wanted, id) {
  closeOpened();
  kind = wanted;
  folder = kind === "videos" ? "" : id;
  const same = filled === `${kind}/${folder}`;
  byId("library-opened").hidden = true;
  byId("library-opened").replaceChildren();
  byId("library-shelf").hidden = false;
  showKinds();
  if (same) {
    if (stale && !searching()) {
      await folders.loadFolders();
      await again();
    }
    shelf.cardOf(opened)?.querySelector("a")?.focus();
    return;
  }
  stopSelecting();
  forget();
  showFinding(sorted(), folder !== "");
  await folders.loadFolders();
  await fill();
}

async function fill() {
  filled = `${kind}/${folder}`;
  stale = false;
  showFolders();
  const first = await shelf.fill(kind, folder);
  byId("library-sort").hidden = kind !== "pictures" || !first?.total;
  if (first) showEmpty(first.total);
}

function showFolders() {
  folders.showTree(folder, sorted());
  folders.showWhere(folder, sorted());
}

function showKinds() {
  const links = Object.entries(KINDS).map(([name, words]) => {
    const link = make("a", { href: `#/library/${name}${folder ? `/${folder}` : ""}` }, words);
    if (name === kind) link.setAttribute("aria-current", "page");
    return make("li", {}, link);
  });
  byId("library-kinds").replaceChildren(...links);
}

function showEmpty(count) {
  allowSelecting(kind, count > 0);
  if (count) return;
  const words = folder ? `There are no ${kind} in this folder yet.` : `There are no ${kind} yet.`;
  byId("library-list").replaceChildren(
    make(
      "div",
      { className: "drop" },
      make(
        "p",
        { className: "drop-text" },
        make("strong", {}, words),
        make("span", { className: "muted" }, "Drop files here, or press “Add files”."),
      ),
      make("p", { className: "muted small-print" }, TYPES[kind]),
    ),
  );
}

async function search(wish) {
  stopSelecting();
  filled = `${kind}/${folder}`;
  byId("library-sort").hidden = true; // the surest come first
  showProblem("");
  try {
    await find(wish);
    allowSelecting(sorted(), sorted() === "pictures" && shelf.total() > 0);
  } catch (error) {
    showProblem(error.message);
  }
}

async function stopSearching() {
  forget();
  await attempt(fill);
}

/** Something has come in: count it, and show it where it would be seen. */
function arrived(what) {
  came.add(what === "images" ? "pictures" : what);
  due ??= setTimeout(() => attempt(showNew), SOON_MS);
}

async function showNew() {
  due = null;
  const here = came.has(kind);
  came.clear();
  await folders.loadFolders();
  if (searching() || byId("library-shelf").hidden) stale = true;
  else if (here) await again();
  else showFolders();
}

/** Show the list as the server has it now. */
async function again() {
  if (searching()) return;
  stale = false;
  showFolders();
  const first = await shelf.refill();
  if (first) showEmpty(first.total);
}

async function attempt(work) {
  try {
    await work();
  } catch (error) {
    showProblem(error.message);
  }
}

function showProblem(text) {
  byId("library-problem").hidden = !text;
  byId("library-problem").textContent = text;
  if (text) alarm(text);
}

async function talk(ids, of) {
  const { begin } = await import("../chat/sessions.js");
  await attempt(async () => go(`/chat/${await begin(of === "pictures" ? { pictures: ids } : { documents: ids })}`));
}

function startSorting() {
  const field = byId("library-sort");
  const before = kept("library.sort", "newest");
  if ([...field.options].some(({ value }) => value === before)) field.value = before;
  field.addEventListener("change", () => {
    keep("library.sort", field.value);
    attempt(fill);
  });
}

function start() {
  startDrawer("library");
  startSorting();
  startFinding(search, stopSearching);
  startSelecting({ changed: () => attempt(again), talk });
  shelf.whenFilled(mark);
  choosing(byId("library-add"), byId("library-file"), (_first, files) => takeFiles(files));
  byId("library-more").addEventListener("click", shelf.next);
  byId("library-new-folder").addEventListener("click", () => folders.create(folder || null, sorted()));
  byId("library-rename").addEventListener("click", () => folders.rename(folder, showFolders));
  byId("library-move").addEventListener("click", () => folders.move(folder, showFolders));
  byId("library-delete").addEventListener("click", () => folders.remove(folder, kind));
}
