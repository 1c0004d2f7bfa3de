// Pictures into the page: chosen, dropped, pasted, taken. Each ends in the shown view's `takeFile`, many in `takeFiles`.

import { byId } from "./dom.js";
import { shown } from "./router.js";

const carriesFiles = (event) => event.dataTransfer?.types.includes("Files");

/** Take what is dropped or pasted anywhere on the page. */
export function startPicking() {
  let depth = 0;
  document.addEventListener("dragenter", (event) => {
    if (!carriesFiles(event)) return;
    depth += 1;
    document.body.classList.add("dropping");
  });
  document.addEventListener("dragleave", (event) => {
    if (!carriesFiles(event)) return;
    depth = Math.max(0, depth - 1);
    document.body.classList.toggle("dropping", depth > 0);
  });
  document.addEventListener("dragover", (event) => {
    if (carriesFiles(event)) event.preventDefault();
  });
  document.addEventListener("drop", (event) => {
    if (!carriesFiles(event)) return;
    event.preventDefault();
    depth = 0;
    document.body.classList.remove("dropping");
    hand(event.dataTransfer.files);
  });
  document.addEventListener("paste", (event) => {
    const { files } = event.clipboardData;
    if (!files.length || document.querySelector("dialog[open]")) return;
    event.preventDefault();
    hand(files);
  });
}

function hand(files) {
  if (shown()?.takeFiles) {
    shown().takeFiles([...files]);
    return;
  }
  const file = [...files].find(({ type }) => type.startsWith("image/")) ?? files[0];
  if (file) shown()?.takeFile?.(file);
}

/** Make a button open a hidden file field, and hand on what is chosen: the file, and all of them. */
export function choosing(button, field, onFile) {
  button.addEventListener("click", () => field.click());
  field.addEventListener("change", () => {
    const files = [...field.files];
    field.value = ""; // the same file may be chosen again
    if (files.length) onFile(files[0], files);
  });
}

/** Make a button take a photo, with the page's own camera dialog or the device's camera application. */
export function photographing(button, onFile) {
  button.addEventListener("click", async () => {
    const { takePhoto } = await import("./camera.js");
    const file = await takePhoto();
    if (file) onFile(file);
    else if (byId("camera").open === false) button.focus();
  });
}
