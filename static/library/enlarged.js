// A picture in the whole window, and on request with each of its own pixels.

import { setPicture } from "../api.js";
import { make } from "../dom.js";
import { round } from "./controls.js";

/** @param {string} path of the picture @param {string} alt what is in it */
export function enlarge(path, alt) {
  const image = make("img", { alt });
  setPicture(image, path);
  const room = make("div", { className: "enlarged-room", tabIndex: 0, role: "group", ariaLabel: "The picture" }, image);
  const zoom = round("find", "Show all of its pixels", () => {
    const whole = room.classList.toggle("pixels");
    zoom.setAttribute("aria-pressed", String(whole));
  });
  zoom.setAttribute("aria-pressed", "false");
  const close = round("close", "Close", () => dialog.close());
  const dialog = make("dialog", { className: "enlarged", ariaLabel: alt }, make("div", { className: "row end" }, zoom, close), room);
  dialog.addEventListener("close", () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
  close.focus();
}
