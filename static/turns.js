// What was said, as it stands on the page.

import { say } from "./announce.js";
import { make, tool } from "./dom.js";
import { show } from "./rendered.js";

const COPIED_MS = 1600;

const NAMES = { openai: "OpenAI", gemini: "Gemini", anthropic: "Anthropic" };

/** Who did it, as `by("Answered", "local")`; empty if nobody says. */
export function by(done, provider) {
  if (!provider) return "";
  return provider === "local" ? `${done} on this server` : `${done} by ${NAMES[provider] ?? provider}`;
}

/** A person's words. */
export class Mine {
  constructor(text) {
    this.text = text;
    this.bubble = make("div", { className: "bubble", dir: "auto" }, make("span", { className: "unseen" }, "You: "), text);
    this.foot = make("div", { className: "foot", hidden: true });
    this.element = make("div", { className: "turn mine" }, this.bubble, this.foot);
  }

  /** Say that it did not get through, and offer what can be done. */
  failed(why, ...tools) {
    this.element.classList.add("failed");
    this.foot.replaceChildren(make("span", { className: "bad" }, why), ...tools);
    this.foot.hidden = false;
  }

  sending() {
    this.element.classList.remove("failed");
    this.foot.hidden = true;
  }
}

/** The answer to them. */
export class Reply {
  constructor(waiting = "Looking…") {
    this.text = "";
    this.body = make("div", { className: "answer plain coming waiting", dir: "auto" }, make("span", { className: "muted" }, waiting));
    this.foot = make("div", { className: "foot" });
    this.element = make("div", { className: "turn" }, this.body, this.foot);
  }

  /** Add what has just come. */
  add(piece) {
    if (!this.text) {
      this.body.classList.remove("waiting");
      this.run = document.createTextNode("");
      this.body.replaceChildren(this.run);
    }
    this.text += piece;
    this.run.appendData(piece);
  }

  /**
   * Show it as whole.
   *
   * @param {string} text
   * @param {{note?: string, bad?: boolean, by?: string, tools?: Node[], announce?: boolean}} facts
   */
  async finish(text, { note, bad = false, by, tools = [], announce = true } = {}) {
    this.text = text;
    this.body.classList.remove("coming", "waiting");
    await show(this.body, text);
    this.body.hidden = !text;
    const copy = text && tool("copy", "Copy", () => this.copy(copy));
    this.foot.replaceChildren(
      ...(note ? [make("span", { className: bad ? "bad" : "odd" }, note)] : []),
      ...(copy ? [copy] : []),
      ...tools,
      ...(by ? [make("span", {}, by)] : []),
    );
    if (announce) say([text && `Answer: ${this.body.textContent.trim()}`, note].filter(Boolean).join(" "));
  }

  async copy(button) {
    const done = await copied(this.shown ?? this.text);
    const words = button.querySelector("span");
    words.textContent = done ? "Copied" : "Press Ctrl + C";
    if (done) say("Copied.");
    else getSelection().selectAllChildren(this.body);
    setTimeout(() => {
      words.textContent = "Copy";
    }, COPIED_MS);
  }
}

async function copied(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return false; // not allowed, or the page is not secure
  }
}

/** Keep the end of a list in sight, unless somebody has scrolled up to read. */
export function following(list) {
  let close = true;
  list.addEventListener("scroll", () => {
    close = list.scrollHeight - list.scrollTop - list.clientHeight < 80;
  });
  return (force = false) => {
    if (force || close) list.scrollTop = list.scrollHeight;
  };
}

/** Make a text field send on Enter and grow with its text; Shift and composing a character keep their meaning. */
export function sendsOnEnter(field, form) {
  if (!CSS.supports("field-sizing", "content")) {
    field.addEventListener("input", () => {
      field.style.height = "auto";
      field.style.height = `${field.scrollHeight}px`;
    });
  }
  field.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    form.requestSubmit();
  });
}
