// Studio: pictures made and changed by saying what is wanted.

import { saveFile } from "../api.js";
import { alarm, say } from "../announce.js";
import { asTaken } from "../converting.js";
import { byId, confirmed, make } from "../dom.js";
import { startDrawer } from "../drawer.js";
import { kept } from "../keep.js";
import { askText } from "../dialogs.js";
import { failed, notice, tried } from "../notice.js";
import { choosing, photographing } from "../picking.js";
import { go, push, settle } from "../router.js";
import { following, sendsOnEnter } from "../turns.js";
import { enableTools, showNothing, showPending, showWork } from "./board.js";
import { compare, comparing, stopComparing } from "./compare.js";
import { clearMask, hasMask, maskOf, startMarking, stopMarking } from "./mask.js";
import { dataOf, refusal } from "./picked.js";
import * as server from "./server.js";
import { showList } from "./side.js";
import { clear, sendWish, showTurns, stop } from "./thread.js";

const CHANGES = ["Make it black and white", "Crop it to a square", "Rotate it to the right", "Make it brighter", "Add a white border"];
const BEGINNINGS = ["Create a light blue canvas, 1200 by 800", "Create a white canvas and draw a red circle"];
const field = byId("studio-text");
const picture = byId("studio-picture");
const follow = following(byId("studio-log"));
let work = null; // the conversation as the server has it
let pending = null; // a picture that has not been sent: {name, preview, data}, data being promised
let busy = false;
const told = { arrived, choose, busy: setBusy };

start();

/** Show a work, or the place where one begins. */
export async function enter(id) {
  showProblem("");
  if (!id && pending && !work) return;
  if (id && id === work?.conversation_id) return;
  reset();
  try {
    if (id) await openWork(await server.conversation(id));
    else showStart();
    await showList(id);
  } catch (error) {
    settle("/studio");
    showStart();
    showProblem(server.missing(error) ? "This server does not have the studio." : error.message);
  }
}

export function leave() {
  stopComparing();
  stopMarking();
}

/** The address is this place's own already where a picture was taken and never sent. */
function beginAnew(event) {
  if (!event.target.closest("a[href='#/studio']") || busy || work || !pending) return;
  event.preventDefault();
  reset();
  showStart();
  byId("studio-title").focus();
}

/** Begin a new work with a picture. */
export async function takeFile(file) {
  if (busy) return;
  const no = refusal(file);
  if (no) {
    (work || pending ? failed : showProblem)(no);
    return;
  }
  (work ? push : settle)("/studio");
  reset();
  pending = { name: file.name, preview: URL.createObjectURL(file), data: asTaken(file).then(dataOf) };
  showPending(pending);
  byId("studio-work").querySelector(".thread").append(byId("studio-row"));
  say("The picture is here. Say what should change.");
  refresh();
  field.focus();
}

function reset() {
  stopComparing();
  clearMask();
  stopMarking();
  if (pending) URL.revokeObjectURL(pending.preview);
  work = null;
  pending = null;
  clear();
}

function showStart() {
  byId("studio-work").hidden = true;
  byId("studio-start").hidden = false;
  byId("studio-begin").append(byId("studio-row"));
  refresh();
}

async function openWork(found) {
  work = found;
  byId("studio-work").querySelector(".thread").append(byId("studio-row"));
  showWork(work, choose);
  showTurns(work, told);
  refresh();
  follow(true);
}

/** Bring the board in line with what the server has. */
async function reload(id = work.conversation_id) {
  work = await server.conversation(id);
  showWork(work, choose);
  refresh();
  return work;
}

async function send(message) {
  const wish = { message };
  if (work) Object.assign(wish, { conversation_id: work.conversation_id, version_id: work.current_version_id ?? undefined });
  else if (pending && !(wish.picture = await pending.data.catch(() => null))) {
    failed("The picture can no longer be read. Choose it again.");
    return;
  }
  if (hasMask()) wish.mask = maskOf(picture);
  stopComparing();
  stopMarking();
  if (!work && !pending) showNothing(message);
  byId("studio-work").querySelector(".thread").append(byId("studio-row"));
  const sent = sendWish(wish, told);
  follow(true);
  await sent;
}

async function arrived({ conversation_id: id }) {
  const fresh = !work;
  await reload(id);
  pending = null;
  clearMask();
  if (fresh && !byId("view-studio").hidden) settle(`/studio/${id}`);
  await showList(id);
  return work;
}

function setBusy(on) {
  busy = on;
  byId("studio-progress").hidden = !on;
  byId("studio-canvas").setAttribute("aria-busy", String(on));
  refresh();
  follow();
}

function refresh() {
  byId("studio-send").hidden = busy;
  byId("studio-stop").hidden = !busy;
  byId("studio-masked").hidden = !hasMask();
  enableTools();
  field.placeholder = work || pending ? "Say what should change…" : "Describe the picture to make…";
  const said = new Set(work?.turns.map(({ message }) => message));
  const chips = busy ? [] : work?.current_version_id || pending ? CHANGES : BEGINNINGS;
  byId("studio-chips").replaceChildren(...chips.filter((words) => !said.has(words)).slice(0, 3).map(chip));
}

const chip = (words) =>
  make("li", {}, make("button", { type: "button", className: "chip", onclick: () => (send(words), field.focus()) }, words));

/** Work on from a version; what is said next branches off it. */
function choose(id) {
  return step(() => server.choose(work.conversation_id, id));
}

function undo() {
  return step(() => server.undo(work.conversation_id));
}

function redo() {
  return step(() => server.redo(work.conversation_id));
}

async function step(change) {
  if (busy || !work) return;
  stopComparing();
  clearMask();
  stopMarking();
  try {
    await change();
    await reload();
    say(byId("studio-facts").textContent);
  } catch (error) {
    failed(error.message);
    if (error.status === 404) await reload().catch(() => go("/studio"));
  }
}

async function removeVersion() {
  const yes = await confirmed("Delete this version?", "Versions made from it stay. This cannot be undone.", "Delete");
  if (yes) await step(() => server.removeVersion(work.current_version_id));
}

async function rename() {
  const renamed = await askText("Rename this work", "Title", "Rename", work.title, async (title) => {
    work.title = (await server.rename(work.conversation_id, title)).title;
  });
  if (!renamed) return;
  byId("studio-name").textContent = work.title;
  await tried(() => showList(work.conversation_id));
}

async function removeWork() {
  if (!(await confirmed("Delete this work?", "All of its versions go from the server. This cannot be undone.", "Delete"))) return;
  try {
    await server.remove(work.conversation_id);
  } catch (error) {
    if (error.status !== 404) {
      failed(error.message);
      return;
    }
  }
  notice("The work is deleted.");
  settle("/studio");
  await enter("");
  byId("studio-title").focus();
}

function showProblem(text) {
  byId("studio-problem").hidden = !text;
  byId("studio-problem").textContent = text;
  if (text) alarm(text);
}

function download(event) {
  if (!kept("key")) return; // the link does it
  event.preventDefault();
  saveFile(server.downloadOf(work.current_version_id)).catch((error) => failed(error.message));
}

function toggleMarking() {
  if (!byId("mask-tools").hidden) stopMarking();
  else startMarking(picture, refresh);
  enableTools();
}

function toggleComparing() {
  if (comparing()) stopComparing();
  else compare(work.versions, work.current_version_id, () => showWork(work, choose));
  enableTools();
}

function onKey(event) {
  if (byId("view-studio").hidden || !(event.ctrlKey || event.metaKey) || event.key.toLowerCase() !== "z") return;
  if (event.target === field && field.value) return; // there it takes back typing
  event.preventDefault();
  if (event.shiftKey) redo();
  else undo();
}

function start() {
  startDrawer("studio");
  byId("studio-side").addEventListener("click", beginAnew);
  choosing(byId("studio-choose"), byId("studio-file"), takeFile);
  photographing(byId("studio-camera"), takeFile);
  sendsOnEnter(field, byId("studio-form"));
  byId("studio-form").addEventListener("submit", (event) => {
    event.preventDefault();
    const text = field.value.trim();
    if (!text || busy) return;
    field.value = "";
    send(text);
    field.focus();
  });
  byId("studio-stop").addEventListener("click", stop);
  byId("studio-undo").addEventListener("click", undo);
  byId("studio-redo").addEventListener("click", redo);
  byId("studio-rename").addEventListener("click", rename);
  byId("studio-delete").addEventListener("click", removeWork);
  byId("studio-drop-version").addEventListener("click", removeVersion);
  byId("studio-download").addEventListener("click", download);
  byId("studio-mask").addEventListener("click", toggleMarking);
  byId("studio-compare").addEventListener("click", toggleComparing);
  byId("studio-unmask").addEventListener("click", () => {
    clearMask();
    field.focus();
  });
  document.addEventListener("keydown", onKey);
}
