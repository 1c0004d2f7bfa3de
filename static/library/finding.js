// The search box of the library: what was understood of the words, and every part of it can be taken away.

import { say } from "../announce.js";
import { byId, icon, make } from "../dom.js";
import * as server from "./server.js";
import { fillFound } from "./shelf.js";

const PAGE = 50;
const field = byId("library-find");
const told = byId("library-understood");
let kind = "pictures";
let where = "";
let asked = null; // {query, without}
let start = () => {};
let stop = () => {};

export const searching = () => asked !== null;

/** Make the search box search: `search` is given what `find` takes, `stopped` is called when it is emptied. */
export function startFinding(search, stopped) {
  start = search;
  stop = stopped;
  byId("library-find-form").addEventListener("submit", (event) => {
    event.preventDefault();
    const query = field.value.trim();
    if (query) search({ query, without: [] });
    else stopped();
  });
  field.addEventListener("search", () => !field.value && asked && stopped());
  field.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || !field.value) return;
    event.preventDefault();
    field.value = "";
    if (asked) stopped();
  });
}

/** Say what is searched; `within`: a folder is open, though all of them are searched. */
export function showFinding(of, within) {
  kind = of;
  where = within ? " in the whole library" : "";
  const words = kind === "pictures" ? "Find pictures by words" : "Find passages in the documents";
  byId("library-find-label").textContent = words;
  field.placeholder = kind === "pictures" ? "red cars from last week…" : "Find in documents…";
}

/** Forget what was searched for. */
export function forget() {
  asked = null;
  field.value = "";
  told.hidden = true;
}

/** @param {{query: string, without: string[]}} wish `without` are parts that were taken away */
export async function find(wish) {
  asked = wish;
  field.value = wish.query;
  const load = kind === "pictures" ? loadPictures(wish) : loadPassages(wish);
  const first = await fillFound(kind, load);
  if (!first || asked !== wish) return;
  showUnderstood(first, wish);
  say(countOf(first.total));
}

function countOf(total) {
  const one = kind === "pictures" ? "picture" : "passage";
  if (total === 0) return `No ${one} matches${where}.`;
  return `${total} ${total === 1 ? one : `${one}s`} found${where}, the surest first.`;
}

const loadPictures =
  ({ query, without }) =>
  async (offset) => {
    const found = await server.findPictures({ query, limit: PAGE, offset, ...(without.length ? { without } : {}) });
    const items = found.results.map(({ image_id: id, ...result }) => ({ id, ...result }));
    return {
      items,
      total: found.total_count,
      left: offset + items.length < found.total_count,
      interpretation: found.query_interpretation,
    };
  };

const loadPassages =
  ({ query }) =>
  async (offset) => {
    const found = await server.findPassages({ query, limit: PAGE, offset });
    const items = found.results.map((result) => ({ id: result.chunk_id, relevance: result.relevance_score, ...result }));
    return {
      items,
      total: found.total_count,
      left: offset + items.length < found.total_count,
      interpretation: found.query_interpretation,
    };
  };

function showUnderstood({ interpretation: { filters_applied: filters, search_type: type }, total }, { query, without }) {
  const again = (left) => start({ query, without: left });
  const chips = filters.map((filter) => chip(filter, () => again([...without, filter])));
  const gone = without.map((filter) => back(filter, () => again(without.filter((one) => one !== filter))));
  const rest = make("button", { type: "button", className: "link-button", onclick: () => stop() }, "Show all again");
  const had = told.contains(document.activeElement);
  told.hidden = false;
  told.replaceChildren(
    make("ul", { className: "chips", aria: { label: "What was understood" } }, ...chips, ...gone),
    make(
      "p",
      { className: "muted small-print", id: "library-count" },
      `${countOf(total)} ${filters.length ? "" : HOW[type]} `,
      rest,
    ),
  );
  if (had) told.querySelector("button").focus();
}

const HOW = { keyword: "Looked for by words.", semantic: "Looked for by meaning.", hybrid: "Looked for by words and meaning." };

function chip(filter, remove) {
  const [name, ...value] = filter.split(": ");
  const words = value.length ? [make("span", { className: "muted" }, `${name} `), value.join(": ")] : [filter];
  const button = make(
    "button",
    { type: "button", className: "chip taken", title: "Search without this", onclick: remove },
    ...words,
    make("span", { className: "unseen" }, " – search without this"),
    icon("close"),
  );
  return make("li", {}, button);
}

function back(filter, restore) {
  const button = make(
    "button",
    { type: "button", className: "chip away", title: "Search with this again", onclick: restore },
    make("s", {}, filter),
    make("span", { className: "unseen" }, " – search with this again"),
    icon("undo"),
  );
  return make("li", {}, button);
}
