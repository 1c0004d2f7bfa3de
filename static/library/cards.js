// Pictures and documents as they stand in a list.

import { setPicture } from "../api.js";
import { icon, make } from "../dom.js";

const WHEN = new Intl.DateTimeFormat(undefined, { dateStyle: "medium" });

export const day = (iso) => (iso ? WHEN.format(new Date(iso)) : "");
export const percent = (share) => `${Math.round(share * 100)}\u00a0%`;

/** An address of this server without its host, which a proxy may have changed; signed ones need no key. */
export function local(address) {
  const url = new URL(address, location.href);
  return url.pathname + url.search;
}

/** A place in a video as players tell it: minutes and seconds. */
export const clock = (ms) => `${Math.floor(ms / 60_000)}:${String(Math.floor((ms % 60_000) / 1000)).padStart(2, "0")}`;

/** Where a scene of a video is shown. */
export const placeOf = ({ video_id: id, start_ms: from }) => `#/library/video/${id}/${from}`;

/** A picture that is fetched once it comes into sight. */
export function thumbnail(id, address = "", alt = "") {
  const image = make("img", { alt, loading: "lazy", decoding: "async" });
  image.onerror = () => image.replaceWith(make("span", { className: "blank" }, icon("picture")));
  if (address && new URL(address, location.href).searchParams.has("signature")) image.src = local(address);
  else setPicture(image, id ? `/images/${id}/thumbnail` : local(address));
  return image;
}

const STATES = { pending: "Waits to be looked at", processing: "Is being looked at", failed: "Could not be looked at" };

/** How far the looking at a picture is; null when it is done. */
export function stateOf(analysis) {
  const words = STATES[analysis?.status];
  if (!words) return null;
  return make("small", { className: `state ${analysis.status}`, title: analysis.error ?? "" }, words);
}

/**
 * A picture as a card.
 *
 * @param {{id: string, name: string, about?: string, address?: string, analysis?: object, relevance?: number,
 *   matched?: string[], scene?: object}} picture `scene` is the stretch of a video it stands for
 */
export function pictureCard({ id, name, about, address, analysis, relevance, matched = [], scene = null }) {
  const link = make(
    "a",
    { href: scene ? placeOf(scene) : `#/library/picture/${id}`, className: "card-link" },
    make("span", { className: "card-picture" }, thumbnail(id, address), scene ? playMark(clock(scene.start_ms)) : null),
    make(
      "span",
      { className: "card-words" },
      make("b", { title: name }, name),
      about ? make("small", { title: about }, about) : null,
      stateOf(analysis),
    ),
  );
  const reasons = relevance === undefined ? [] : [why(relevance, matched)];
  return make("li", { className: "card", data: { id } }, link, ...reasons);
}

/** What says of a small picture that it plays, and from where or for how long. */
export const playMark = (words) => make("span", { className: "play-mark" }, icon("play"), words);

/** How surely it is what was asked for, and by what it was found. */
export function why(relevance, matched) {
  return make(
    "p",
    { className: "why" },
    make("span", { className: "sure", title: "How surely this is what you asked for" }, percent(relevance)),
    ...matched.map((reason) => make("span", { className: "reason" }, reason)),
  );
}

/** What finds any of these words, whatever their case and however they are broken into lines; null for none. */
export function finder(words) {
  const wanted = words.filter(Boolean).toSorted((one, other) => other.length - one.length);
  if (!wanted.length) return null;
  return new RegExp(
    `(${wanted.map((word) => word.replace(/[.*+?^${}()|[\]\\]/g, "\\$&").replace(/\s+/g, "\\s+")).join("|")})`,
    "giu",
  );
}

/** Text with some of its words marked. */
export function marked(text, words) {
  const wanted = finder(words);
  if (!wanted) return [text];
  return text
    .split(wanted)
    .map((part, index) => (index % 2 ? make("mark", {}, part) : part))
    .filter((part) => part !== "");
}
