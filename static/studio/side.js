// The list of works, as the server has it.

import { setPicture } from "../api.js";
import { byId, icon, make } from "../dom.js";
import { conversations } from "./server.js";

/** Show the list; `current` is the id of the open work. */
export async function showList(current) {
  const all = await conversations();
  byId("studio-list-empty").hidden = all.length > 0;
  byId("studio-list").replaceChildren(...all.map((work) => entry(work, work.conversation_id === current)));
}

function entry(work, isCurrent) {
  const blank = () => make("span", { className: "blank" }, icon("picture"));
  let image = blank();
  if (work.thumbnail_url) {
    image = make("img", { alt: "", width: 44, height: 44, loading: "lazy" });
    image.onerror = () => image.replaceWith(blank());
    setPicture(image, new URL(work.thumbnail_url, location.href).pathname);
  }
  const count = work.version_count === 1 ? "1 version" : `${work.version_count} versions`;
  const words = make("span", {}, make("b", {}, work.title), make("small", {}, count));
  const link = make("a", { href: `#/studio/${work.conversation_id}` }, image, words);
  if (isCurrent) link.setAttribute("aria-current", "true");
  return make("li", {}, link);
}
