// What lies in the library, a page at a time: pictures as cards, documents as lines.

import { alarm } from "../announce.js";
import { byId, icon, make, size } from "../dom.js";
import { clock, day, marked, pictureCard, playMark, thumbnail, why } from "./cards.js";
import * as server from "./server.js";

const PAGE = 60;
const LOOK_AGAIN_MS = 2000;
const LATEST_MS = 15_000;
const list = byId("library-list");
const more = byId("library-more");
let box = make("ul");
let source = null; // gives {items, total, has_more} of a place in the list
let items = new Map(); // what is shown, by id
let known = { total: 0, offset: 0 };
let turn = 0; // which filling of the shelf is the newest
let timer = null;
let wait = LOOK_AGAIN_MS;
let onFill = () => {};

export const shownIds = () => [...items.keys()];
export const itemOf = (id) => items.get(id);
export const cardOf = (id) => [...box.children].find(({ dataset }) => dataset.id === id);
export const total = () => known.total;

/** Call back whenever more is shown. */
export const whenFilled = (callback) => (onFill = callback);

const SOURCES = {
  pictures: async ({ folder }, offset) => {
    const { images, total_count: count, has_more: left } = await server.pictures({
      folder_id: folder,
      sort: byId("library-sort").value,
      limit: PAGE,
      offset,
    });
    return { items: images, total: count, left };
  },
  documents: async ({ folder }, offset) => {
    const { documents, total_count: count, has_more: left } = await server.documents({ folder_id: folder, limit: PAGE, offset });
    return { items: documents, total: count, left };
  },
  videos: async (_place, offset) => {
    const { videos, total_count: count, has_more: left } = await server.videos({ limit: PAGE, offset });
    return { items: videos, total: count, left };
  },
};

/** Show what lies in a folder ("" for all; videos lie in none). @param {"pictures"|"videos"|"documents"} kind */
export function fill(kind, folder) {
  return begin(kind, (offset) => SOURCES[kind]({ folder }, offset), { least: history.state?.shown });
}

/** Show what was found. @param {(offset: number) => Promise<object>} found as a source */
export const fillFound = (kind, found) => begin(`${kind}-found`, found);

/** Show everything anew from the start, as far as it was shown. */
export const refill = () => source && begin(source.kind, source.load, { quiet: true, least: known.offset });

/** @param {{quiet?: boolean, least?: number}} options how many items to show at least, if there are as many */
async function begin(kind, load, { quiet = false, least = 0 } = {}) {
  source = { kind, load };
  turn += 1;
  clearTimeout(timer);
  wait = LOOK_AGAIN_MS;
  const mine = turn;
  list.setAttribute("aria-busy", "true");
  more.hidden = true;
  if (!quiet) list.replaceChildren(make("p", { className: "muted loading" }, "Looking…"));
  try {
    const first = await load(0);
    for (let found = first; found.left && first.items.length < least && mine === turn; ) {
      found = await load(first.items.length);
      Object.assign(first, { items: [...first.items, ...found.items], left: found.left });
    }
    if (mine !== turn) return null;
    items = new Map();
    box = make("ul", { className: /^(pictures|videos)/.test(kind) ? "cards" : "papers", tabIndex: -1 });
    list.replaceChildren(box);
    put(first, 0);
    return first;
  } catch (error) {
    if (mine === turn && !quiet) list.replaceChildren();
    throw error;
  } finally {
    if (mine === turn) list.setAttribute("aria-busy", "false");
  }
}

function put(found, offset) {
  for (const item of found.items) {
    if (!items.has(item.id)) box.append(element(item));
    items.set(item.id, item);
  }
  known = { total: found.total, offset: offset + found.items.length };
  more.hidden = !found.left;
  onFill(source.kind);
  watch();
}

/** Show the next page. */
export async function next() {
  const mine = turn;
  more.disabled = true;
  try {
    const { offset } = known;
    const found = await source.load(offset);
    if (mine !== turn) return;
    const last = box.lastElementChild;
    put(found, offset);
    history.replaceState({ ...history.state, shown: known.offset }, ""); // for when the page is loaded again
    last?.nextElementSibling?.querySelector("a, input")?.focus();
  } catch (error) {
    alarm(error.message);
  } finally {
    more.disabled = false;
  }
}

/** Show an item as it is now. */
export function renew(item) {
  if (!items.has(item.id)) return;
  const before = cardOf(item.id);
  const had = before.contains(document.activeElement);
  const merged = { ...items.get(item.id), ...item }; // what it was found by is not asked for again
  const fresh = element(merged);
  items.set(item.id, merged);
  before.replaceWith(fresh);
  if (had) fresh.querySelector("a")?.focus();
  onFill(source.kind);
}

/** Take items off the shelf that are no longer in it. */
export function takeOff(ids) {
  for (const id of ids) {
    if (!items.delete(id)) continue;
    cardOf(id)?.remove();
    known = { total: known.total - 1, offset: known.offset - 1 };
  }
  onFill(source.kind);
}

/** Where the item before or after one leads; "" at the ends of what is shown. @param {-1|1} step */
export function beside(id, step) {
  const card = cardOf(id);
  const other = step < 0 ? card?.previousElementSibling : card?.nextElementSibling;
  return other?.querySelector("a").hash ?? "";
}

function element(item) {
  switch (source.kind) {
    case "pictures":
      return pictureCard({
        id: item.id,
        name: item.title || item.filename,
        about: item.caption || day(item.created_at),
        address: item.thumbnail_url,
        analysis: item.analysis,
      });
    case "pictures-found":
      return pictureCard({
        id: item.id,
        name: item.title || (item.scene ?? item).filename,
        about: item.scene ? sceneWords(item.scene) : item.description || item.caption,
        address: item.thumbnail_url,
        relevance: item.relevance_score,
        matched: item.matched,
        scene: item.scene,
      });
    case "videos":
      return videoCard(item);
    case "documents":
      return documentLine(item);
    default:
      return passageLine(item);
  }
}

const sceneWords = ({ start_ms: from, end_ms: to, description }) => `${clock(from)}–${clock(to)}: ${description}`;

function videoCard(item) {
  const { id, filename, duration_ms: length, thumbnail_url: address } = item;
  const link = make(
    "a",
    { href: `#/library/video/${id}`, className: "card-link" },
    make(
      "span",
      { className: "card-picture" },
      address ? thumbnail("", address) : icon("video"),
      playMark(length ? clock(length) : ""),
    ),
    make(
      "span",
      { className: "card-words" },
      make("b", { title: filename }, filename),
      make("small", {}, `${day(item.created_at)} · ${size(item.size_bytes)}`),
      videoState(item),
    ),
  );
  return make("li", { className: "card", data: { id } }, link);
}

const CUTTING = { pending: "Waits to be cut into scenes", processing: "Is being cut into scenes" };

/** How far the cutting into scenes is, or why it could not be; null when it is done. */
export function videoState({ status, error }) {
  if (status === "failed") return make("small", { className: "state failed" }, error?.message || "It could not be cut into scenes.");
  return CUTTING[status] ? make("small", { className: "state" }, CUTTING[status]) : null;
}

const KINDS = { pdf: "PDF", docx: "Word", markdown: "Markdown", html: "HTML", text: "Text" };

export function documentFacts({ kind, size_bytes: bytes, page_count: pages }) {
  return [KINDS[kind] ?? kind, pages ? `${pages} ${pages === 1 ? "page" : "pages"}` : "", size(bytes)]
    .filter(Boolean)
    .join(" · ");
}

function documentLine(item) {
  const name = item.title || item.filename;
  const words = make(
    "span",
    { className: "paper-words" },
    make("b", { title: item.filename }, name),
    make("small", {}, `${documentFacts(item)} · ${day(item.created_at)}`),
    progressOf(item),
  );
  const link = make("a", { href: `#/library/document/${item.id}`, className: "paper-link" }, icon("document"), words);
  return make("li", { className: "paper", data: { id: item.id } }, link);
}

/** How far a document has been read, or why it could not be; null when it is ready. */
export function progressOf({ status, error, notice, progress, pages_done: done, page_count: count }) {
  if (status === "failed") return make("small", { className: "state failed" }, error?.message ?? "It could not be read.");
  if (status === "ready") return notice ? make("small", { className: "state" }, notice.message) : null;
  const words = status === "pending" ? "Waits to be read" : `Is being read${count ? `, page ${done} of ${count}` : ""}`;
  const bar = make("progress", { max: 1 });
  if (progress) bar.value = progress;
  bar.setAttribute("aria-label", "How much of it is read");
  return make("span", { className: "reading" }, make("small", { className: "state" }, words), bar);
}

/** A passage as it was found: where it stands, its heading and its words. */
function passageLine({ document_id: id, filename, title, page, heading, text, quote, relevance, matched = [] }) {
  const words = matched.filter((reason) => reason !== "meaning");
  const href = `#/library/document/${id}/${page}/${encodeURIComponent((quote || text).slice(0, 300))}`;
  const link = make(
    "a",
    { href, className: "paper-link" },
    icon("document"),
    make(
      "span",
      { className: "paper-words" },
      make("b", { title: filename }, title || filename),
      make("small", {}, [`page ${page}`, heading].filter(Boolean).join(" · ")),
      make("span", { className: "quote", dir: "auto" }, ...marked(quote || text, words)),
    ),
  );
  return make("li", { className: "paper" }, link, why(relevance, matched));
}

/** As long as something is still being looked at or read, ask how far it is. */
function watch() {
  clearTimeout(timer);
  const unready = [...items.values()].some((item) => ["pending", "processing"].includes(item.analysis?.status ?? item.status));
  if (!unready) return;
  timer = setTimeout(lookAgain, wait);
  wait = Math.min(wait * 1.3, LATEST_MS);
}

async function lookAgain() {
  const mine = turn;
  if (byId("view-library").hidden) {
    timer = setTimeout(lookAgain, LOOK_AGAIN_MS);
    return;
  }
  try {
    for (let offset = 0; offset < known.offset && mine === turn; offset += PAGE) {
      const { items: now } = await source.load(offset);
      if (mine !== turn) return;
      for (const item of now) if (changed(items.get(item.id), item)) renew(item);
    }
  } catch {
    // The banner says that the server is gone; it is asked again below.
  }
  if (mine === turn) watch();
}

const changed = (before, now) => before && JSON.stringify(pulse(before)) !== JSON.stringify(pulse(now));
const pulse = ({ analysis, status, pages_done: done, caption, title, thumbnail_url: address }) =>
  [analysis?.status, status, done, caption, title, Boolean(address)];
