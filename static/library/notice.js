// What has just been done, and a way to take it back.

import { alarm, say } from "../announce.js";
import { make, tool } from "../dom.js";

const SHOWN_MS = 12_000;
let shown = null;

/** Say what was done. With `undo`, offer to take it back for a while. */
export function notice(text, undo = null) {
  shown?.remove();
  const box = make("div", { className: "notice-box" }, make("span", {}, text));
  shown = box;
  if (undo) {
    box.append(
      tool(
        "undo",
        "Undo",
        () => {
          box.remove();
          undo();
        },
        "button small",
      ),
    );
  }
  document.body.append(box);
  say(undo ? `${text} It can be undone for a few seconds.` : text);
  const gone = () => setTimeout(() => (box.matches(":hover, :focus-within") ? gone() : box.remove()), SHOWN_MS);
  gone();
}

/** Do something, and say so if it does not go well. */
export async function tried(work) {
  try {
    await work();
  } catch (error) {
    alarm(error.message);
    notice(error.message);
  }
}
