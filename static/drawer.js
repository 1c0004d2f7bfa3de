// A side list that slides in on a narrow screen.

import { byId } from "./dom.js";

/** Wire the list `<name>-side` with the buttons that open and close it. */
export function startDrawer(name) {
  const side = byId(`${name}-side`);
  const opener = byId(`${name}-side-open`);
  const closer = byId(`${name}-side-close`);
  const put = (open) => {
    side.classList.toggle("open", open);
    opener.setAttribute("aria-expanded", String(open));
  };
  opener.addEventListener("click", () => {
    put(true);
    closer.focus();
  });
  closer.addEventListener("click", () => {
    put(false);
    opener.focus();
  });
  side.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && side.classList.contains("open")) closer.click();
  });
  side.addEventListener("click", (event) => {
    if (event.target.closest("a")) put(false);
  });
}
