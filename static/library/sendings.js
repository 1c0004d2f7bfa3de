// Many files on their way to the server, a few at a time.

import { newKey } from "../api.js";
import { alarm, say } from "../announce.js";
import { asTaken } from "../converting.js";
import { byId, make, tool } from "../dom.js";
import { upload } from "../upload.js";
import { kindOf, refusal, whyNot } from "./kinds.js";

const AT_ONCE = 3;
const ADDED = { images: "Added", documents: "Added; it is being read", videos: "Added; its scenes are being cut" };
const queue = [];
let rows = []; // of all files since the list was last put away
let running = 0;
let changed = () => {};

window.addEventListener("beforeunload", (event) => {
  if (running) event.preventDefault(); // the browser asks whether to leave
});

/**
 * Send files.
 *
 * @param {File[]} files pictures, documents and videos
 * @param {string} folder id of the folder they go to, or ""
 * @param {(kind: "images"|"documents"|"videos") => void} onChange called whenever one has arrived
 */
export function sendAll(files, folder, onChange) {
  changed = onChange;
  if (!running && rows.every(({ state }) => state === "done")) rows = [];
  const added = files.map((file) => new Row(file, folder));
  rows.push(...added);
  show();
  for (const row of added) row.queue();
  say(`${files.length === 1 ? "1 file is" : `${files.length} files are`} being sent.`);
}

class Row {
  constructor(file, folder) {
    this.file = file;
    this.folder = folder;
    this.kind = kindOf(file);
    this.key = newKey();
    this.bar = make("progress", { max: 1, value: 0 });
    this.bar.setAttribute("aria-label", `How much of ${file.name} is sent`);
    this.words = make("span", { className: "muted" }, "Waits");
    this.tools = make("span", {});
    this.element = make("li", {}, make("b", { title: file.name }, file.name), this.bar, this.words, this.tools);
  }

  queue() {
    this.state = "waiting";
    this.stopper = new AbortController();
    this.bar.hidden = false;
    this.tell(
      "Waits",
      tool("close", "Cancel", () => this.stop()),
    );
    queue.push(this);
    pump();
  }

  stop() {
    this.stopper.abort();
    if (this.state === "waiting") this.end("stopped", "Cancelled");
  }

  tell(words, ...tools) {
    this.words.textContent = words;
    this.tools.replaceChildren(...tools);
  }

  end(state, words, ...tools) {
    this.state = state;
    this.bar.hidden = true;
    this.element.className = state;
    this.tell(words, ...tools);
    head();
  }

  async send() {
    if (this.state !== "waiting") return;
    this.state = "sending";
    this.file = await asTaken(this.file);
    const no = refusal(this.file);
    if (no) {
      this.end("failed", no);
      return;
    }
    const options = {
      key: this.key,
      signal: this.stopper.signal,
      onProgress: (share) => this.progress(share),
      fields: this.folder && this.kind !== "videos" ? { folder_id: this.folder } : {},
    };
    try {
      await upload(`/api/v2/${this.kind}`, this.file, options);
      this.end("done", ADDED[this.kind]);
      changed(this.kind);
    } catch (error) {
      if (error.name === "AbortError") this.end("stopped", "Cancelled");
      else this.end("failed", whyNot(this.file, error), ...(error.again ? [tool("retry", "Try again", () => this.again())] : []));
    }
  }

  again() {
    this.element.className = "";
    this.queue();
    head();
  }

  progress(share) {
    if (share < 1) this.bar.value = share;
    else this.bar.removeAttribute("value");
    this.words.textContent = share < 1 ? `${Math.round(share * 100)} %` : "Is being kept…";
  }
}

async function pump() {
  while (running < AT_ONCE && queue.length) {
    running += 1;
    const row = queue.shift();
    row.send().finally(() => {
      running -= 1;
      head();
      pump();
    });
  }
}

const count = (state) => rows.filter((row) => row.state === state).length;

function show() {
  const place = byId("library-sendings");
  place.hidden = rows.length === 0;
  place.replaceChildren(
    make("div", { className: "row" }, make("p", { id: "library-sent" }), tool("close", "Put away", away, "button small")),
    make("ul", { tabIndex: 0, aria: { label: "Files" } }, ...rows.map(({ element }) => element)),
  );
  head();
}

/** Say in one line how far all of them are. */
function head() {
  const line = byId("library-sent");
  if (!line) return;
  const failed = count("failed");
  const done = count("done");
  const over = done + failed + count("stopped") === rows.length;
  const text = `${done} of ${rows.length} added${failed ? `, ${failed} could not be` : ""}${over ? "." : "…"}`;
  if (over && line.dataset.over !== "yes") {
    (failed ? alarm : say)(text);
    for (const row of rows.filter(({ state }) => state === "failed").toReversed()) row.element.parentNode.prepend(row.element);
  }
  line.dataset.over = over ? "yes" : "no";
  line.textContent = text;
}

/** Take the list away; what is not sent yet is not sent any more. */
function away() {
  for (const row of rows) if (row.state === "waiting" || row.state === "sending") row.stop();
  rows = [];
  show();
  byId("library-add").focus();
}
