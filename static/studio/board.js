// The picture that is being worked on, with its versions and what can be done with it.

import { setPicture } from "../api.js";
import { byId } from "../dom.js";
import { comparing } from "./compare.js";
import { marking } from "./mask.js";
import { downloadOf, fileOf } from "./server.js";
import { showStrip } from "./strip.js";

/** A picture that is not on the server yet. */
export function showPending({ name, preview }) {
  open(name, "Say what should change, and the picture is sent with it.");
  const picture = byId("studio-picture");
  picture.src = preview;
  picture.alt = `Your picture ${name}`;
  byId("studio-alt").textContent = "";
  byId("studio-strip").hidden = true;
  enable({ version: null, more: false, undo: false, redo: false, whole: false });
}

/** Words alone were sent; there is no picture so far. */
export function showNothing(title) {
  open(title, "");
  byId("studio-picture").removeAttribute("src");
  byId("studio-picture").alt = "";
  byId("studio-alt").textContent = "The picture appears here.";
  byId("studio-strip").hidden = true;
  enable({ version: null, more: false, undo: false, redo: false, whole: false });
}

/**
 * A conversation as the server has it.
 *
 * @param {object} work
 * @param {(version: string) => void} choose
 */
export function showWork(work, choose) {
  const { versions, current_version_id: current } = work;
  const version = versions.find(({ version_id: id }) => id === current) ?? null;
  if (!version) {
    showNothing(work.title);
    enable({ version: null, more: false, undo: false, redo: false, whole: true });
    return;
  }
  const number = versions.indexOf(version) + 1;
  open(work.title, `Version ${number} of ${versions.length} · ${version.width} × ${version.height} · ${kind(version)}`);
  if (!comparing()) {
    setPicture(byId("studio-picture"), fileOf(current));
    byId("studio-picture").alt = version.alt_text;
  }
  byId("studio-alt").textContent = version.alt_text ? `Alt text: ${version.alt_text}` : "";
  showStrip(versions, current, choose);
  enable({
    version,
    more: versions.length > 1,
    undo: versions.some(({ version_id: id }) => id === version.parent_version_id),
    redo: versions.some(({ parent_version_id: parent }) => parent === current),
    whole: true,
  });
}

/** Marking and comparing each need the frame for themselves. */
export function enableTools() {
  byId("studio-compare").disabled = byId("studio-compare").dataset.of !== "true" || marking();
  byId("studio-mask").disabled = byId("studio-mask").dataset.of !== "true" || comparing();
}

// The frame takes the picture's own shape, so that what is painted on it lies where it should.
byId("studio-picture").addEventListener("load", ({ target }) => {
  const { style } = byId("studio-box");
  style.setProperty("--ratio", String(target.naturalWidth / target.naturalHeight));
  style.setProperty("--most", `${Math.max(target.naturalWidth * 2, 240)}px`);
});

const kind = ({ mime_type: type }) => type.replace("image/", "").toUpperCase();

function open(name, facts) {
  byId("studio-start").hidden = true;
  byId("studio-work").hidden = false;
  byId("studio-name").textContent = name;
  byId("studio-facts").textContent = facts;
}

function enable({ version, more, undo, redo, whole }) {
  byId("studio-undo").disabled = !undo;
  byId("studio-redo").disabled = !redo;
  for (const id of ["studio-rename", "studio-delete"]) byId(id).hidden = !whole;
  byId("studio-compare").dataset.of = String(more);
  byId("studio-mask").dataset.of = String(Boolean(version));
  enableTools();
  byId("studio-drop-version").disabled = !version;
  const download = byId("studio-download");
  if (version) download.href = downloadOf(version.version_id);
  else download.removeAttribute("href");
  download.setAttribute("aria-disabled", String(!version));
}
