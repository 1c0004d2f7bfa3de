// One picture: what is known of it, and what can be done with it.

import { setPicture } from "../api.js";
import { say } from "../announce.js";
import { byId, confirmed, icon, make, size, tool } from "../dom.js";
import { clock, percent, placeOf, stateOf } from "./cards.js";
import { round, saving } from "./controls.js";
import { askFolder } from "../dialogs.js";
import { enlarge } from "./enlarged.js";
import { everyFolder, folderOf, loadFolders } from "./folders.js";
import { linked, linksOf } from "./linking.js";
import { notice, tried } from "../notice.js";
import * as server from "./server.js";
import { beside, renew, takeOff } from "./shelf.js";

const LOOK_AGAIN_MS = 2000;
const WHEN = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });
const place = byId("library-opened");
let wanted = "";
let open = null;
let timer = null;
let leave = () => {};

/**
 * Show a picture.
 *
 * @param {(changed?: boolean) => void} back go to the list
 * @throws {Problem}
 */
export async function openPicture(id, back) {
  leave = back;
  wanted = id;
  const [picture, links] = await Promise.all([server.picture(id), linksOf(id)]);
  const shown = await whole(picture, links);
  if (wanted !== id) return; // somebody went on meanwhile
  open = picture;
  const turning = document.activeElement?.id;
  place.replaceChildren(...shown);
  if (turning === "picture-before" || turning === "picture-after") byId(turning)?.focus();
  watch();
}

export function closePicture() {
  clearTimeout(timer);
  wanted = "";
  open = null;
}

async function whole(picture, links) {
  const image = make("img", { alt: picture.caption || picture.title || picture.filename });
  setPicture(image, `/images/${picture.id}/file`);
  const known = make("div", { className: "known" });
  showKnown(known, picture);
  return [
    bar(picture),
    make(
      "div",
      { className: "opened-body" },
      make(
        "figure",
        { className: "shown" },
        image,
        round("find", "Enlarge the picture", () => enlarge(`/images/${picture.id}/file`, image.alt), "picture-large"),
        turner(picture, -1),
        turner(picture, 1),
      ),
      make(
        "div",
        { className: "about" },
        known,
        await linked(picture, links, () => openPicture(picture.id, leave)),
        form(picture),
      ),
    ),
  ];
}

function bar(picture) {
  return make(
    "div",
    { className: "opened-head" },
    round("left", "Back to the list", () => leave()),
    make("h1", { tabIndex: -1, className: "opened-name", id: "picture-name" }, picture.title || picture.filename),
    make("a", { className: "button small primary ask-it", href: `#/ask/${picture.id}` }, icon("ask"), "Ask about it"),
    round("folder", "Move into a folder", move),
    saving(`/images/${picture.id}/file`, picture.filename, "Download"),
    round("trash", "Delete this picture", remove),
  );
}

/** A button to the picture before or after it in the list, if there is one. */
function turner({ id }, step) {
  const where = beside(id, step);
  if (!where) return null;
  return step < 0
    ? round("left", "Previous picture", () => location.replace(where), "picture-before")
    : round("right", "Next picture", () => location.replace(where), "picture-after");
}

/** Arrow keys turn to the pictures beside it, where they mean nothing else. */
document.addEventListener("keydown", ({ key, target, altKey, ctrlKey, metaKey }) => {
  if (!open || altKey || ctrlKey || metaKey || target.closest("input, textarea, select, dialog")) return;
  if (byId("view-library").hidden) return;
  if (key === "ArrowLeft") byId("picture-before")?.click();
  if (key === "ArrowRight") byId("picture-after")?.click();
});

/** What a person says of it. */
function form(picture) {
  const title = make("input", {
    type: "text",
    id: "picture-title",
    value: picture.title ?? "",
    maxLength: 255,
    placeholder: picture.filename,
    autocomplete: "off",
  });
  const about = make("textarea", {
    id: "picture-about",
    value: picture.description ?? "",
    maxLength: 2000,
    rows: 2,
    placeholder: "Anything you want to find it by",
  });
  const save = make("button", { type: "submit", className: "button small" }, "Save");
  const shown = make(
    "form",
    { className: "words" },
    make("h2", {}, "Your words"),
    make("label", { htmlFor: title.id }, "Title"),
    title,
    make("label", { htmlFor: about.id }, "Description"),
    about,
    make("div", { className: "row" }, save),
  );
  shown.addEventListener("submit", async (event) => {
    event.preventDefault();
    await tried(async () => {
      const changes = { title: title.value.trim() || null, description: about.value.trim() || null };
      took(await server.changePicture(picture.id, changes));
      byId("picture-name").textContent = open.title || open.filename;
      notice("Saved.");
    });
  });
  return shown;
}

function took(picture) {
  open = picture;
  renew(picture);
}

/** What was seen in it, and the facts of the file. */
function showKnown(known, picture) {
  const { analysis } = picture;
  const state = stateOf(analysis);
  const again = tool("retry", analysis?.status === "failed" ? "Try again" : "Look again", lookAgain, "button small");
  const waits = analysis?.status === "pending" || analysis?.status === "processing";
  known.replaceChildren(
    ...[
      make("h2", {}, "What is in it"),
      picture.caption ? make("p", { dir: "auto" }, picture.caption) : null,
      picture.scene ? make("p", {}, sceneLink(picture.scene)) : null,
      state
        ? make("p", { className: "row" }, state, waits ? make("progress", { aria: { label: "It is being looked at" } }) : null)
        : null,
      analysis?.error ? make("p", { className: "problem" }, analysis.error) : null,
      facts([...seen(picture.facts ?? {}), ...file(picture)]),
      waits ? null : make("div", { className: "row" }, again),
    ].filter(Boolean),
  );
}

/** Where the video plays that the picture is a frame of. */
function sceneLink(scene) {
  return make("a", { className: "button small", href: placeOf(scene) }, icon("play"), `${clock(scene.start_ms)} in ${scene.filename}`);
}

function facts(pairs) {
  return make(
    "dl",
    { className: "facts" },
    ...pairs.filter(([, value]) => value).flatMap(([name, value]) => [make("dt", {}, name), make("dd", { dir: "auto" }, value)]),
  );
}

/** The measured facts in words, as far as there are any. */
function seen(facts) {
  const things = new Map();
  for (const { name, confidence } of facts.objects ?? []) {
    const before = things.get(name) ?? { count: 0, sure: 0 };
    things.set(name, { count: before.count + 1, sure: Math.max(before.sure, confidence) });
  }
  const named = [...things].map(([name, { count, sure }]) => `${count > 1 ? `${count} × ` : ""}${name} (${percent(sure)})`);
  return [
    ["Things", named.join(", ")],
    ["Also", (facts.labels ?? []).map(({ name, confidence }) => `${name} (${percent(confidence)})`).join(", ")],
    ["Colours", (facts.colours ?? []).map(({ name, share }) => `${name} ${percent(share)}`).join(", ")],
    ["People’s faces", facts.faces?.length ? String(facts.faces.length) : ""],
    ["Text in it", (facts.text ?? []).map(({ text }) => text).join("\n")],
  ];
}

function file({
  filename,
  mime_type: kind,
  width,
  height,
  size_bytes: bytes,
  created_at: added,
  taken_at: taken,
  folder_id: folder,
}) {
  return [
    ["File", filename],
    ["Size", `${width} × ${height} · ${kind.replace("image/", "").toUpperCase()} · ${size(bytes)}`],
    ["Taken", taken ? WHEN.format(new Date(taken)) : ""],
    ["Added", WHEN.format(new Date(added))],
    ["Folder", folderOf(folder)?.path.replace(/^\//, "").replaceAll("/", " › ") ?? ""],
  ];
}

async function move() {
  const folder = await askFolder("Move the picture into", everyFolder(), "Move", { current: open.folder_id });
  if (folder === null || folder === (open.folder_id ?? "")) return;
  const from = open.folder_id;
  const put = async (to) => {
    took(await server.changePicture(open.id, { folder_id: to || null }));
    await loadFolders();
    showKnown(place.querySelector(".known"), open);
  };
  await tried(async () => {
    await put(folder);
    notice(folder ? `Moved to “${folderOf(folder).name}”.` : "Taken out of its folder.", () => tried(() => put(from)));
  });
}

async function remove() {
  const yes = await confirmed(
    "Delete this picture?",
    "It goes from the server, with everything said about it. This cannot be undone.",
    "Delete",
  );
  if (!yes) return;
  await tried(async () => {
    await server.removePicture(open.id);
    takeOff([open.id]);
    notice("The picture is deleted.");
    leave(true);
  });
}

async function lookAgain() {
  await tried(async () => {
    const { results } = await server.bulk({ action: "reanalyse", image_ids: [open.id] });
    if (results[0]?.error) throw new Error(results[0].error.message);
    await refresh();
  });
}

async function refresh() {
  const { id } = open;
  const now = await server.picture(id);
  if (open?.id !== id) return;
  const before = open.analysis?.status;
  took(now);
  showKnown(place.querySelector(".known"), now);
  if (before !== now.analysis?.status && now.analysis?.status === "ready") say(`It has been looked at. ${now.caption ?? ""}`);
  watch();
}

function watch() {
  clearTimeout(timer);
  if (!["pending", "processing"].includes(open?.analysis?.status)) return;
  timer = setTimeout(() => refresh().catch(watch), LOOK_AGAIN_MS);
}
