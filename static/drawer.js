// A side list that slides in on a narrow screen.

import { byId } from "./dom.js";

/** Wire the list `<name>-side` with the buttons that open and close it. */
export function startDrawer(name) {
  const side = byId(`${name}-side`);
  const openers = document.querySelectorAll(`[data-opens="${name}"]`);
  const closer = byId(`${name}-side-close`);
  const put = (open) => {
    side.classList.toggle("open", open);
    for (const opener of openers) opener.setAttribute("aria-expanded", String(open));
  };
  let opened = openers[0];
  for (const opener of openers) {
    opener.addEventListener("click", () => {
      opened = opener;
      put(true);
      closer.focus();
    });
  }
  closer.addEventListener("click", () => {
    put(false);
    opened.focus();
  });
  side.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && side.classList.contains("open")) closer.click();
  });
  // A touch beside it puts it away.
  document.addEventListener("pointerdown", ({ target }) => {
    if (side.classList.contains("open") && !side.contains(target) && !target.closest("dialog")) put(false);
  });
  side.addEventListener("click", (event) => {
    if (event.target.closest("a")) put(false);
  });
}
