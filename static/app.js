// Where the page begins.

import { startWatching } from "./connection.js";
import { byId } from "./dom.js";
import { keep } from "./keep.js";
import { startPicking } from "./picking.js";
import { startRouting } from "./router.js";

const root = document.documentElement;
const systemDark = matchMedia("(prefers-color-scheme: dark)");

function showTheme() {
  const dark = root.dataset.theme ? root.dataset.theme === "dark" : systemDark.matches;
  root.classList.toggle("is-dark", dark);
  byId("theme").setAttribute("aria-pressed", String(dark));
}

byId("theme").addEventListener("click", () => {
  root.dataset.theme = root.classList.contains("is-dark") ? "light" : "dark";
  keep("theme", root.dataset.theme);
  showTheme();
});
systemDark.addEventListener("change", showTheme);
showTheme();

// The address holds the view, so the link must not change it.
byId("skip").addEventListener("click", (event) => {
  event.preventDefault();
  byId("main").focus();
});

startWatching();
startPicking();
await startRouting();
root.dataset.ready = "yes";
