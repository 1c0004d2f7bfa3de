// Views by the address: `#/ask`, `#/ask/<id>`, `#/chat/<id>`, `#/library/document/<id>/<page>`, `#/studio/<id>`, `#/speak`.

import * as connection from "./connection.js";
import { byId, make } from "./dom.js";
import { failed } from "./notice.js";

// A view with a style sheet of its own brings it along when it is first opened.
const LOADERS = {
  ask: () => import("./ask/view.js"),
  chat: () => styled(["library", "chat"], import("./chat/view.js")),
  library: () => styled(["library"], import("./library/view.js")),
  studio: () => import("./studio/view.js"),
  speak: () => import("./speak/view.js"),
};
const ready = new Set();
let current = { name: "", view: null };

/** The view that is shown, once it is loaded. */
export const shown = () => current.view;

/** Go to an address of this page. */
export function go(path) {
  if (location.hash === `#${path}`) arrive();
  else location.hash = path;
}

/** Change the address without a step in the history. */
export function settle(path) {
  history.replaceState(null, "", `#${path}`);
}

/** Add an address to the history without going there: it is shown already. */
export function push(path) {
  history.pushState(null, "", `#${path}`);
}

/** Call back when the server answers again, if nobody has gone on to another place meanwhile. */
export function whenBackHere(callback) {
  const here = location.hash;
  connection.whenBack(() => location.hash === here && callback());
}

export function startRouting() {
  window.addEventListener("hashchange", arrive);
  return arrive();
}

async function styled(names, loading) {
  await Promise.all(names.map(style));
  return loading;
}

function style(name) {
  if (byId(`style-${name}`)) return null;
  const sheet = make("link", { id: `style-${name}`, rel: "stylesheet", href: `/static/styles/${name}.css` });
  return new Promise((resolve) => {
    sheet.onload = sheet.onerror = resolve;
    document.head.append(sheet);
  });
}

async function arrive() {
  const [, wanted = "", ...rest] = location.hash.split("/").map(plain);
  const name = Object.hasOwn(LOADERS, wanted) ? wanted : "ask";
  const changed = name !== current.name;
  const first = current.name === "";
  if (changed) {
    current.view?.leave?.();
    current = { name, view: null };
    mark(name);
  }
  const section = byId(`view-${name}`);
  section.inert = !ready.has(name); // nothing can be used before its script is there
  const view = await loaded(name);
  if (!view) return;
  ready.add(name);
  section.inert = false;
  if (current.name !== name) return; // somebody went on while it was loading
  current.view = view;
  await view.enter(...(rest.length ? rest : [""]));
  // A link in a list goes away when the list is shown anew, and the focus with it.
  if (!first && (changed || document.activeElement === document.body)) focusTitle(name);
}

/** A view's script; null if it cannot be had. It is tried again once the server is back. */
async function loaded(name, last = false) {
  try {
    return await LOADERS[name]();
  } catch {
    if (last) failed("This part of the page could not be loaded. Load the page again.");
    else {
      connection.lost();
      whenBackHere(async () => (await loaded(name, true)) && arrive());
    }
    return null;
  }
}

function plain(part) {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

function mark(name) {
  for (const section of document.querySelectorAll(".view")) section.hidden = section.id !== `view-${name}`;
  for (const link of document.querySelectorAll("[data-view]")) {
    if (link.dataset.view === name) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  document.title = `${byId(`view-${name}`).dataset.title} – Visual Assistant`;
}

function focusTitle(name) {
  const title = [...byId(`view-${name}`).querySelectorAll("h1")].find((heading) => heading.offsetParent !== null);
  title?.focus();
}
