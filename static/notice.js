// What has just been done, and a way to take it back.

import { alarm, say } from "./announce.js";
import { make, tool } from "./dom.js";

const SHOWN_MS = 6_000;
const SHOWN_WITH_UNDO_MS = 15_000;
let shown = null;

/** Say what was done. With `undo`, offer to take it back for a while; `tell` is how it is read out. */
export function notice(text, undo = null, tell = say) {
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
  tell(undo ? `${text} It can be undone for a few seconds.` : text);
  const gone = () => setTimeout(() => (box.matches(":hover, :focus-within") ? gone() : box.remove()), undo ? SHOWN_WITH_UNDO_MS : SHOWN_MS);
  gone();
}

/** Say what did not go well. */
export const failed = (text) => notice(text, null, alarm);

/** Do something, and say so if it does not go well. Resolves to whether it did. */
export async function tried(work) {
  try {
    await work();
    return true;
  } catch (error) {
    failed(error.message);
    return false;
  }
}
