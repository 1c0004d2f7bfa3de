// `[[img:ID|filename]]`, `[[doc:ID|filename|p:N]]`, `[[link:ID|title]]` and `[[ref:KEY]]` in an answer, as links.

import { icon, make } from "../dom.js";
import { placeOf } from "../library/cards.js";
import { show } from "../rendered.js";

const MARKUP = /\[\[(?:ref:([^[\]|\n]+)|(img|doc|link):([^[\]|\n]+?)(?:\|([^\n]*?))??(?:\|p:(\d{1,6}))?)\]\]/g;
const BEGUN = /\[(?:\[(?:[a-z]{0,4}(?::[^\]\n]{0,600})?)?\]?)?$/;
// Characters of a private use area stand for a citation while Markdown is made of the text around it.
const OPEN = "\uE000";
const CLOSE = "\uE001";
const HELD = /\uE000(\d+)\uE001/;
const QUOTED = /["“«]([^"”»\n]{3,300})["”»][^"“«\n]{0,80}$/;
const ICONS = { img: "picture", doc: "document", link: "link" };

/** The text with its citations in words, and without one that has only begun. */
export function plain(text, refs = {}) {
  return text.replace(MARKUP, (...found) => nameOf(parse(found), refs)).replace(BEGUN, "");
}

function parse([, key, kind, id, name, page]) {
  return kind ? { kind, id: id.trim(), name: name ?? "", page: page ? Number(page) : null } : { kind: "ref", id: key.trim() };
}

function nameOf({ kind, id, name, page }, refs) {
  if (kind === "ref") return refs[id]?.label ?? id;
  return page ? `${name} (page ${page})` : name;
}

/**
 * Show an answer as its Markdown means, with its citations as links.
 *
 * @param {HTMLElement} element its content is replaced
 * @param {string} text
 * @param {object} facts of `complete`: `tool_chunk_data`, `tool_link_data`, `scene_context`, `result_refs`
 */
export async function showCited(element, text, facts) {
  const cited = [];
  const marked = text
    .replaceAll(OPEN, "")
    .replaceAll(CLOSE, "")
    .replace(MARKUP, (...found) => {
      const citation = parse(found);
      const before = text.slice(0, found.at(-2)).slice(-400);
      cited.push({ ...citation, words: QUOTED.exec(before)?.[1] ?? "" });
      return `${OPEN}${cited.length - 1}${CLOSE}`;
    });
  const shown = show(element, marked);
  link(element, cited, facts); // what stands there until the Markdown has come
  await shown;
  link(element, cited, facts);
}

function link(element, cited, facts) {
  const walker = document.createTreeWalker(element, NodeFilter.SHOW_TEXT);
  const held = [];
  while (walker.nextNode()) if (HELD.test(walker.currentNode.data)) held.push(walker.currentNode);
  for (const node of held) {
    const parts = node.data.split(/\uE000(\d+)\uE001/);
    node.replaceWith(
      ...parts.map((part, index) => (index % 2 ? anchor(cited[Number(part)], facts) : part)).filter((part) => part !== ""),
    );
  }
}

function anchor(citation, facts) {
  const { kind } = citation;
  const name = nameOf(citation, facts.result_refs ?? {});
  if (kind === "ref") return make("b", {}, name); // all of it stands below
  return make("a", { className: "cite", href: addressOf(citation, facts) }, icon(ICONS[kind]), make("span", {}, name));
}

/** Where in this page a citation leads. */
function addressOf({ kind, id, page, words }, { tool_chunk_data: chunks = [], tool_link_data: links = [], scene_context: scenes }) {
  const item = encodeURIComponent(id);
  if (kind === "img") {
    const scene = scenes?.find(({ image_id: frame }) => frame === id);
    return scene ? placeOf(scene) : `#/library/picture/${item}`;
  }
  if (kind === "link") {
    const known = links.find(({ link_id: of }) => of === id);
    return known ? `#/library/picture/${encodeURIComponent(known.image_id)}` : `#/library/link/${item}`;
  }
  if (!page) return `#/library/document/${item}`;
  const chunk = chunks.find((one) => one.document_id === id && one.page === page);
  const marked = (words || chunk?.quote || "").slice(0, 300);
  return `#/library/document/${item}/${page}${marked ? `/${encodeURIComponent(marked)}` : ""}`;
}
