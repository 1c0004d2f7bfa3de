// An answer in a chat: agents at work, the words as they come, what was found.

import { say } from "../announce.js";
import { make, tool } from "../dom.js";
import { clock, day, percent, placeOf, playMark, thumbnail } from "../library/cards.js";
import { Reply } from "../turns.js";
import { named } from "./agents.js";
import { plain, showCited } from "./citations.js";

const SHOWN = 12;
export class ChatReply extends Reply {
  constructor() {
    super("Thinking…");
    this.steps = make("ol", {});
    this.summary = make("summary", {}, "At work…");
    this.work = make("details", { className: "work", hidden: true }, this.summary, this.steps);
    this.found = make("div", { className: "found" });
    this.plans = make("div", {});
    this.body.before(this.work);
    this.body.after(this.found, this.plans);
    this.seen = new Set();
    this.due = false;
  }

  /** Begin anew: everything comes once more. */
  clear() {
    this.text = "";
    this.seen.clear();
    this.steps.replaceChildren();
    this.found.replaceChildren();
  }

  /** Note what an agent does. */
  step(agent, words, reasoning = "") {
    const line = `${agent} ${words}`;
    if (!words || this.seen.has(line)) return;
    this.seen.add(line);
    this.work.hidden = false;
    this.summary.textContent = words;
    this.steps.append(
      make(
        "li",
        {},
        agent ? make("b", {}, named(agent)) : null,
        " ",
        words,
        reasoning ? make("small", { className: "muted" }, reasoning) : null,
      ),
    );
  }

  /** Add what has just come; citations that are whole are shown by their names. */
  add(piece) {
    this.text += piece;
    if (this.due) return;
    this.due = true;
    requestAnimationFrame(() => {
      this.due = false;
      if (!this.body.classList.contains("coming")) return;
      this.body.classList.remove("waiting");
      this.body.textContent = plain(this.text);
    });
  }

  /** Show pictures that were found, as cards; `scenes` are the stretches of videos that some of them stand for. */
  pictures(images, scenes = []) {
    if (!images.length) return;
    const cards = images.map((image) => card(image, scenes.find(({ image_id: id }) => id === image.image_id)));
    const list = make("ul", { className: "cards small" }, ...cards.slice(0, SHOWN));
    const all =
      cards.length > SHOWN
        ? [
            tool(
              "list",
              `Show all ${cards.length}`,
              (event) => {
                list.append(...cards.slice(SHOWN));
                event.currentTarget.remove();
              },
              "button small",
            ),
          ]
        : [];
    this.found.replaceChildren(list, ...all);
  }

  /**
   * Show it as whole.
   *
   * @param {object} facts of `complete`, or of what was kept of it
   */
  async whole(text, facts, { note, bad, by, tools = [], announce = true } = {}) {
    const agents = facts.agents_used ?? [];
    this.work.hidden = !this.steps.children.length && !facts.reasoning;
    if (!this.steps.children.length && facts.reasoning) {
      this.steps.append(
        ...facts.reasoning
          .split("\n")
          .filter(Boolean)
          .map((line) => make("li", {}, line)),
      );
    }
    this.summary.textContent = agents.length ? `Worked on by ${agents.map(named).join(", ")}` : "How it was worked on";
    this.work.open = false;
    // Pictures that were only looked at were not found by anybody.
    const found = (facts.image_context ?? []).filter(({ relevance_score: relevance }) => typeof relevance === "number");
    if (!this.found.children.length || facts.scene_context) this.pictures(found, facts.scene_context);
    this.text = text;
    this.body.classList.remove("coming", "waiting");
    this.body.hidden = !text;
    this.shown = plain(text, facts.result_refs);
    await showCited(this.body, text, facts);
    this.close({ note, bad, by, tools });
    if (announce) say([text && `Answer: ${this.shown}`, note].filter(Boolean).join(" "));
  }

  close({ note, bad = false, by, tools = [] }) {
    const copy = this.text && tool("copy", "Copy", () => this.copy(copy));
    this.foot.replaceChildren(
      ...(note ? [make("span", { className: bad ? "bad" : "odd" }, note)] : []),
      ...(copy ? [copy] : []),
      ...tools,
      ...(by ? [make("span", {}, by)] : []),
    );
  }
}

/** A picture among the results, or the scene of a video it stands for. */
function card(
  { image_id: id, title, filename, description, relevance_score: relevance, thumbnail_url: address, created_at: at },
  scene,
) {
  const name = scene?.filename ?? (title || filename);
  const link = make(
    "a",
    { href: scene ? placeOf(scene) : `#/library/picture/${id}`, className: "card-link" },
    make("span", { className: "card-picture" }, thumbnail(id, address), scene ? playMark(clock(scene.start_ms)) : null),
    make(
      "span",
      { className: "card-words" },
      make("b", { title: name }, name),
      make("small", { title: description ?? "" }, description || day(at)),
    ),
  );
  const sure =
    relevance === undefined || relevance === null
      ? null
      : make("p", { className: "why" }, make("span", { className: "sure" }, percent(relevance)));
  return make("li", { className: "card" }, link, sure);
}
