// The text of a page as headings, paragraphs and tables, with words marked in it.

import { make } from "../dom.js";
import { finder } from "./cards.js";

const ROW = / \| /;

/**
 * @param {{text: string, headings: {start: number, text: string, level: number}[]}} page paragraphs are apart by an
 *   empty line, a table's row is `a | b | c`
 * @param {string} words to mark
 * @returns {{body: Node[], marks: HTMLElement[]}}
 */
export function paragraphs({ text, headings = [] }, words) {
  const spans = spansOf(text, words);
  const marks = [];
  const levels = new Map(headings.map(({ start, level }) => [start, level]));
  const body = [];
  for (const { start, end } of blocks(text, levels)) {
    const level = levels.get(start);
    const put = (from, to) => pieces(text, from, to, spans, marks);
    if (level) body.push(make(`h${Math.min(6, level + 1)}`, {}, ...put(start, end)));
    else if (ROW.test(text.slice(start, end).split("\n")[0])) body.push(table(text, start, end, put));
    else body.push(make("p", {}, ...put(start, end)));
  }
  return { body, marks };
}

/** Parts of the text: between empty lines, and at headings; rows of a table stand alone with their like. */
function* blocks(text, levels) {
  let begin = 0;
  let kind = null;
  let at = 0;
  for (const line of text.split("\n")) {
    const next = at + line.length + 1;
    const of = line.trim() === "" ? null : levels.has(at) ? "heading" : ROW.test(line) ? "row" : "words";
    if (kind !== null && (of !== kind || of === "heading")) yield { start: begin, end: at - 1 };
    if (of !== kind || of === "heading") begin = at;
    kind = of;
    at = next;
  }
  if (kind !== null) yield { start: begin, end: text.length };
}

function table(text, start, end, put) {
  const rows = [];
  let at = start;
  for (const line of text.slice(start, end).split("\n")) {
    const cells = [];
    let from = at;
    for (const cell of line.split(" | ")) {
      cells.push(make("td", {}, ...put(from, from + cell.length)));
      from += cell.length + 3;
    }
    rows.push(make("tr", {}, ...cells));
    at += line.length + 1;
  }
  return make(
    "div",
    { className: "table-room", tabIndex: 0, role: "group", ariaLabel: "Table" },
    make("table", {}, make("tbody", {}, ...rows)),
  );
}

/** A stretch of the text with what is to be marked in it. */
function pieces(text, start, end, spans, marks) {
  const found = [];
  let at = start;
  for (const [from, to] of spans) {
    if (to <= start || from >= end) continue;
    const [begin, stop] = [Math.max(from, at), Math.min(to, end)];
    if (begin > at) found.push(text.slice(at, begin));
    const mark = make("mark", {}, text.slice(begin, stop));
    marks.push(mark);
    found.push(mark);
    at = stop;
  }
  if (at < end) found.push(text.slice(at, end));
  return found;
}

/** Where the words stand in the text: as they are, else each of the longer ones. */
function spansOf(text, words) {
  const whole = finder([words.trim()]);
  const spans = whole ? [...text.matchAll(whole)] : [];
  const each = spans.length ? null : finder(words.split(/[^\p{L}\p{M}\p{N}]+/u).filter((word) => word.length > 3));
  if (each) spans.push(...text.matchAll(each));
  return spans.map((match) => [match.index, match.index + match[0].length]);
}
