// Several at once: choosing them, moving them, taking them away.

import { say } from "../announce.js";
import { byId, confirmed, make, tool } from "../dom.js";
import { askFolder } from "../dialogs.js";
import { everyFolder, folderOf, loadFolders } from "./folders.js";
import { notice, tried } from "../notice.js";
import * as server from "./server.js";
import { cardOf, itemOf, shownIds, takeOff } from "./shelf.js";

const AT_ONCE = 1000;
const bar = byId("library-bulk");
const button = byId("library-select");
const chosen = new Set();
let kind = "pictures";
let after = {};

/**
 * Wire the button.
 *
 * @param {{changed: () => void, talk: (ids: string[], kind: string) => void}} told `changed` is called when the list is
 *   no longer true; `talk` begins a chat about them
 */
export function startSelecting(told) {
  after = told;
  button.addEventListener("click", () => put(!on()));
}

const on = () => button.getAttribute("aria-pressed") === "true";

export function stopSelecting() {
  if (on()) put(false);
}

/** Whether there is anything to select. */
export function allowSelecting(of, may) {
  kind = of;
  button.hidden = !may;
  if (!may) stopSelecting();
}

function put(selecting) {
  button.setAttribute("aria-pressed", String(selecting));
  chosen.clear();
  bar.hidden = !selecting;
  mark();
}

/** Give every card its box, or take it away. */
export function mark() {
  for (const id of shownIds()) {
    const card = cardOf(id);
    const before = card?.querySelector(":scope > .pick");
    if (on() && card && !before) card.prepend(box(id));
    else if (!on()) before?.remove();
    card?.classList.toggle("picked", chosen.has(id));
  }
  for (const id of chosen) if (!itemOf(id)) chosen.delete(id);
  if (on()) showBar();
}

function box(id) {
  const item = itemOf(id);
  const field = make("input", { type: "checkbox", checked: chosen.has(id) });
  field.setAttribute("aria-label", `Select ${item.title || item.filename}`);
  field.addEventListener("change", () => {
    if (field.checked) chosen.add(id);
    else chosen.delete(id);
    cardOf(id).classList.toggle("picked", field.checked);
    showBar();
  });
  return make("label", { className: "pick" }, field);
}

function showBar() {
  const had = bar.contains(document.activeElement) ? document.activeElement.textContent : "";
  const none = chosen.size === 0;
  const all = chosen.size === shownIds().length;
  const acts = [
    tool("check", all ? "None" : "All shown", () => every(!all), "button small"),
    kind === "videos" ? null : tool("chat", "Chat about them", () => after.talk([...chosen], kind), "button small"),
    kind === "videos" ? null : tool("folder", "Move", moveThem, "button small"),
    kind === "pictures" ? tool("retry", "Look again", lookAgain, "button small") : null,
    tool("trash", "Delete", removeThem, "button small danger"),
  ].filter(Boolean);
  for (const act of acts.slice(1)) act.disabled = none;
  bar.replaceChildren(make("p", { className: "count" }, `${chosen.size} selected`), ...acts);
  acts.find(({ textContent }) => textContent === had)?.focus();
}

function every(selected) {
  for (const id of shownIds()) {
    if (selected) chosen.add(id);
    else chosen.delete(id);
    const field = cardOf(id)?.querySelector(".pick input");
    if (field) field.checked = selected;
  }
  mark();
  say(`${chosen.size} selected.`);
}

const words = (count) => `${count} ${count === 1 ? kind.slice(0, -1) : kind}`;
const GOES = {
  pictures: "with what was said about each of them",
  videos: "with their scenes",
  documents: "with all that was read from them",
};

async function moveThem() {
  const ids = [...chosen];
  const folder = await askFolder(`Move ${words(ids.length)} into`, everyFolder(), "Move");
  if (folder === null) return;
  const before = new Map();
  for (const id of ids) {
    const from = itemOf(id)?.folder_id; // what was found by words does not say it
    if (from !== undefined) before.set(from ?? "", [...(before.get(from ?? "") ?? []), id]);
  }
  await attempt(async () => {
    const { done, failed } = await moved(ids, folder);
    const where = folder ? `“${folderOf(folder)?.name}”` : "no folder";
    const back = async () => {
      for (const [from, some] of before)
        await moved(
          some.filter((id) => done.includes(id)),
          from,
        );
      await loadFolders();
      after.changed();
    };
    chosen.clear();
    notice(`${words(done.length)} moved to ${where}.${told(failed)}`, before.size && done.length ? () => attempt(back) : null);
    await loadFolders();
    after.changed();
  });
}

const moved = (ids, folder) =>
  each({ action: "move", folder_id: folder || null }, ids, (id) => server.changeDocument(id, { folder_id: folder || null }));

async function removeThem() {
  const ids = [...chosen];
  const what = `They go from the server, ${GOES[kind]}. This cannot be undone.`;
  if (!(await confirmed(`Delete ${words(ids.length)}?`, what, "Delete"))) return;
  await attempt(async () => {
    const { done, failed } = await each({ action: "delete" }, ids, kind === "videos" ? server.removeVideo : server.removeDocument);
    takeOff(done);
    notice(`${words(done.length)} deleted.${told(failed)}`);
    await loadFolders();
    after.changed();
  });
}

async function lookAgain() {
  await attempt(async () => {
    const { done, failed } = await each({ action: "reanalyse" }, [...chosen]);
    chosen.clear();
    notice(`${words(done.length)} will be looked at again.${told(failed)}`);
    after.changed();
  });
}

/** Do it to every one of them: pictures many at once, videos and documents one by one. */
async function each(wish, ids, one) {
  const done = [];
  const failed = [];
  if (kind === "pictures") {
    for (let begin = 0; begin < ids.length; begin += AT_ONCE) {
      const { results } = await server.bulk({ ...wish, image_ids: ids.slice(begin, begin + AT_ONCE) });
      for (const { image_id: id, error } of results) (error ? failed : done).push(error ? error.message : id);
    }
  } else {
    for (const id of ids) {
      try {
        await one(id);
        done.push(id);
      } catch (error) {
        if (error.lost) throw error;
        failed.push(error.message);
      }
    }
  }
  return { done, failed };
}

const told = (failed) => (failed.length ? ` ${failed.length} could not be: ${[...new Set(failed)].join(" ")}` : "");

async function attempt(work) {
  bar.setAttribute("aria-busy", "true");
  await tried(work);
  bar.setAttribute("aria-busy", "false");
}
