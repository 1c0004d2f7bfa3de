// The list of pictures beside the conversation.

import { setPicture } from "../api.js";
import { byId, icon, make } from "../dom.js";
import { pictures } from "./kept.js";

const WHEN = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });

/** Show the list; `current` is the id of the picture that is open. */
export function showList(current) {
  const list = byId("ask-list");
  const all = pictures();
  byId("ask-list-empty").hidden = all.length > 0;
  list.replaceChildren(...all.map(({ id, title, at }) => entry({ id, title, about: WHEN.format(at) }, id === current)));
}

/** A picture as an item of the list, with a line about it. */
export function entry({ id, title, about }, isCurrent = false) {
  const image = make("img", { alt: "", width: 44, height: 44, loading: "lazy" });
  image.onerror = () => image.replaceWith(make("span", { className: "blank" }, icon("picture")));
  setPicture(image, `/images/${id}/thumbnail`);
  const link = make("a", { href: `#/ask/${id}` }, image, make("span", {}, make("b", {}, title), make("small", { title: about }, about)));
  if (isCurrent) link.setAttribute("aria-current", "true");
  return make("li", {}, link);
}
