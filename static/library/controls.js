// Buttons that picture and document have alike.

import { saveFile } from "../api.js";
import { icon, make } from "../dom.js";
import { kept } from "../keep.js";
import { tried } from "../notice.js";

/** A button that is a mark alone. */
export function round(mark, words, onclick, id = "") {
  return make("button", { type: "button", className: "round", id, title: words, onclick, aria: { label: words } }, icon(mark));
}

/** A link that saves a file of the server's under a name. */
export function saving(path, name, words) {
  const link = make(
    "a",
    { className: "round", href: path, download: name, title: words, aria: { label: words } },
    icon("download"),
  );
  link.addEventListener("click", (event) => {
    if (!kept("key")) return; // the link does it; it sends no key
    event.preventDefault();
    tried(() => saveFile(path));
  });
  return link;
}
