// The versions as a tree that grows to the right; a branch begins a new row.

import { setPicture } from "../api.js";
import { byId, make } from "../dom.js";
import { thumbnailOf } from "./server.js";

const CELL_REM = 5.25;
const SVG = "http://www.w3.org/2000/svg";

/**
 * Where each version stands.
 *
 * @param {{version_id: string, parent_version_id: string|null}[]} versions oldest first
 * @returns {Map<string, {column: number, row: number}>} counted from 0
 */
export function places(versions) {
  const known = new Set(versions.map(({ version_id: id }) => id));
  const children = Map.groupBy(versions, ({ parent_version_id: parent }) => (known.has(parent) ? parent : null));
  const found = new Map();
  let rows = 0;
  const begin = (children.get(null) ?? []).map((version) => ({ version, column: 0 })).reverse();
  while (begin.length) {
    let { version, column } = begin.pop();
    const row = rows;
    rows += 1;
    while (version) {
      found.set(version.version_id, { column, row });
      column += 1;
      const [first, ...others] = children.get(version.version_id) ?? [];
      for (const other of others.reverse()) begin.push({ version: other, column });
      version = first;
    }
  }
  return found;
}

/** Show the tree; `choose` is called with the id of a version somebody pressed. */
export function showStrip(versions, current, choose) {
  const strip = byId("studio-strip");
  strip.hidden = versions.length === 0;
  const found = places(versions);
  const numbers = new Map(versions.map(({ version_id: id }, index) => [id, index + 1]));
  const list = make("ol", { className: "versions" });
  const size = { columns: 1, rows: 1 };
  for (const version of versions) {
    const { column, row } = found.get(version.version_id);
    size.columns = Math.max(size.columns, column + 1);
    size.rows = Math.max(size.rows, row + 1);
    const item = make("li", {}, button(version, numbers, version.version_id === current, choose));
    item.style.gridColumn = String(column + 1);
    item.style.gridRow = String(row + 1);
    list.append(item);
  }
  strip.replaceChildren(make("div", { className: "tree" }, lines(versions, found, size), list));
  list.querySelector("[aria-current]")?.scrollIntoView({ block: "nearest", inline: "nearest" });
}

function button(version, numbers, isCurrent, choose) {
  const number = numbers.get(version.version_id);
  const from = numbers.get(version.parent_version_id);
  const said = version.prompt || "the picture as it came";
  const image = make("img", { alt: "", loading: "lazy" });
  setPicture(image, thumbnailOf(version.version_id));
  const made = make(
    "button",
    {
      type: "button",
      className: "version",
      title: said,
      aria: { label: `Version ${number}: ${said}${from ? `, from version ${from}` : ""}` },
      onclick: () => choose(version.version_id),
    },
    image,
    make("span", { className: "number" }, String(number)),
  );
  if (isCurrent) made.setAttribute("aria-current", "true");
  return made;
}

function lines(versions, found, { columns, rows }) {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", `0 0 ${columns} ${rows}`);
  svg.setAttribute("class", "lines");
  svg.setAttribute("aria-hidden", "true");
  svg.style.width = `${columns * CELL_REM}rem`;
  svg.style.height = `${rows * CELL_REM}rem`;
  for (const version of versions) {
    const end = found.get(version.version_id);
    const start = found.get(version.parent_version_id);
    if (!start) continue;
    const path = document.createElementNS(SVG, "path");
    const x = end.column + 0.5;
    path.setAttribute("d", `M${start.column + 0.5} ${start.row + 0.5}${start.row === end.row ? "" : `V${end.row + 0.5}`}H${x}`);
    svg.append(path);
  }
  return svg;
}
