// Files given to a chat: they go into the library, and what is said next is about them.

import { newKey } from "../api.js";
import { alarm, say } from "../announce.js";
import { asTaken } from "../converting.js";
import { byId, make, tool } from "../dom.js";
import { round } from "../library/controls.js";
import { kindOf, refusal, whyNot } from "../library/kinds.js";
import { upload } from "../upload.js";

const IDS = { images: ({ image }) => image.id, documents: ({ document }) => document.id };
let files = [];
let changed = () => {};

/** Whether a file is still on its way. */
export const sending = () => files.some(({ state }) => state === "sending");

/** Whether anything was given. */
export const given = () => files.some(({ id }) => id);

/**
 * Take files.
 *
 * @param {File[]} chosen
 * @param {() => void} onChange called whenever one of them is further
 */
export function attach(chosen, onChange) {
  changed = onChange;
  for (const file of chosen) {
    const one = new Attached(file);
    files.push(one);
    byId("chat-attached").append(one.element);
    one.send();
  }
  say(`${chosen.length === 1 ? `${chosen[0].name} is` : `${chosen.length} files are`} being added.`);
}

/** Take what has arrived off the list. @returns {{pictures: string[], documents: string[]}} ids */
export function handOver() {
  const of = (kind) => files.filter((one) => one.id && one.kind === kind).map(({ id }) => id);
  const found = { pictures: of("images"), documents: of("documents") };
  for (const one of files.filter(({ state }) => state === "done")) one.remove();
  return found;
}

class Attached {
  constructor(file) {
    this.file = file;
    this.kind = kindOf(file);
    this.key = newKey();
    this.id = "";
    this.words = make("small", {});
    this.again = make("span", {});
    const gone = round("close", `Take ${file.name} off again`, () => this.drop());
    this.element = make("li", { className: "pill" }, make("span", { className: "name" }, file.name), this.words, this.again, gone);
  }

  put(state, words = "") {
    this.state = state;
    this.element.classList.toggle("failed", state === "failed");
    this.words.textContent = words;
    this.again.replaceChildren();
    changed();
  }

  async send() {
    this.stopper = new AbortController();
    this.put("sending", "…");
    this.file = await asTaken(this.file);
    const no = refusal(this.file);
    if (no) {
      this.fail(no);
      return;
    }
    try {
      const onProgress = (share) => (this.words.textContent = share < 1 ? `${Math.round(share * 100)} %` : "…");
      const options = { key: this.key, signal: this.stopper.signal, onProgress };
      const answer = await upload(`/api/v2/${this.kind}`, this.file, options);
      this.id = IDS[this.kind]?.(answer.results[0]) ?? "";
      this.put("done", this.id ? "" : "is in the library");
      say(`${this.file.name} is added.`);
    } catch (error) {
      if (error.name === "AbortError") return;
      this.fail(whyNot(this.file, error));
      if (error.again) this.again.replaceChildren(tool("retry", "Try again", () => this.send(), "button small"));
    }
  }

  fail(why) {
    this.put("failed", why);
    alarm(`${this.file.name}: ${why}`);
  }

  drop() {
    this.stopper?.abort();
    this.remove();
    byId("chat-text").focus();
  }

  remove() {
    files = files.filter((one) => one !== this);
    this.element.remove();
    changed();
  }
}
