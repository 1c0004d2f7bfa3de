// Two versions in one frame, with a line between them that can be moved.

import { setPicture } from "../api.js";
import { say } from "../announce.js";
import { byId, make } from "../dom.js";
import { fileOf } from "./server.js";

const button = byId("studio-compare");
const cut = byId("compare-cut");
const left = byId("compare-left");
const right = byId("compare-right");
const parts = [byId("compare-tools"), byId("studio-other"), cut];
let afterwards = () => {};

export const comparing = () => button.getAttribute("aria-pressed") === "true";

/**
 * Begin to compare.
 *
 * @param {object[]} versions oldest first
 * @param {string} current shown on the right; what it was made from is on the left
 * @param {() => void} done called at the end, to show one version again
 */
export function compare(versions, current, done) {
  const now = versions.find(({ version_id: id }) => id === current);
  const other = versions.find(({ version_id: id }) => id === now.parent_version_id) ?? versions.find((each) => each !== now);
  for (const field of [left, right]) {
    field.replaceChildren(...versions.map((each, index) => option(each, index + 1)));
  }
  left.value = other.version_id;
  right.value = current;
  afterwards = done;
  put(true);
  show();
  cut.value = 50;
  move();
  cut.focus();
  say("Two versions lie on each other. The arrow keys move the line between them.");
}

export function stopComparing() {
  if (!comparing()) return;
  put(false);
  byId("studio-picture").style.clipPath = "";
  afterwards();
}

function option(version, number) {
  return make("option", { value: version.version_id }, `${number} – ${(version.prompt || "as it came").slice(0, 40)}`);
}

function put(on) {
  button.setAttribute("aria-pressed", String(on));
  for (const part of parts) part.hidden = !on;
}

function show() {
  setPicture(byId("studio-other"), fileOf(left.value));
  setPicture(byId("studio-picture"), fileOf(right.value));
}

function move() {
  byId("studio-picture").style.clipPath = `inset(0 0 0 ${cut.value}%)`;
  byId("studio-box").style.setProperty("--cut", `${cut.value}%`);
}

cut.addEventListener("input", move);
left.addEventListener("change", show);
right.addEventListener("change", show);
