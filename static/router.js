// Views by the address: `#/ask`, `#/ask/<id>`, `#/studio/<id>`, `#/speak`.

import { byId } from "./dom.js";

const LOADERS = {
  ask: () => import("./ask/view.js"),
  studio: () => import("./studio/view.js"),
  speak: () => import("./speak/view.js"),
};
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

export function startRouting() {
  window.addEventListener("hashchange", arrive);
  return arrive();
}

async function arrive() {
  const [, wanted = "", argument = ""] = location.hash.split("/");
  const name = Object.hasOwn(LOADERS, wanted) ? wanted : "ask";
  const changed = name !== current.name;
  const first = current.name === "";
  if (changed) {
    current.view?.leave?.();
    current = { name, view: null };
    mark(name);
  }
  const view = await LOADERS[name]();
  if (current.name !== name) return; // somebody went on while it was loading
  current.view = view;
  await view.enter(argument);
  // A link in a list goes away when the list is shown anew, and the focus with it.
  if (!first && (changed || document.activeElement === document.body)) focusTitle(name);
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
