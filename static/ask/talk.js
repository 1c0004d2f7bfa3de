// One picture and what was said about it.

import { newKey } from "../api.js";
import { alarm, say } from "../announce.js";
import * as connection from "../connection.js";
import { make, tool } from "../dom.js";
import { Mine, Reply, by } from "../turns.js";
import { ask } from "./answers.js";
import * as kept from "./kept.js";
import { followAnswer, messagesOf } from "./restoring.js";

const FINISHES = {
  length: "The answer reached the length the model may write.",
  content_filter: "The model’s safety filter ended the answer.",
};

export class Talk {
  /**
   * @param {string} id the picture's
   * @param {() => void} changed called when something was added, or it began or stopped being busy
   */
  constructor(id, changed) {
    this.id = id;
    this.changed = changed;
    this.box = make("div", { className: "turns" });
    this.busy = false;
    this.asked = new Set();
  }

  /** Show the first analysis, an answer to no question. */
  async open(completion) {
    const [choice] = completion.choices;
    const reply = this.put(new Reply());
    if (choice.finish_reason === "error") await this.unseen(reply, choice.message.content);
    else await this.settle(reply, choice.message.content, choice.finish_reason, completion.provider);
  }

  /** The picture is there, but nobody could look at it so far. */
  async unseen(reply, text, announce = true) {
    const look = tool("retry", "Look again", () => !this.busy && this.send("Describe this picture"));
    await reply.finish(text, { tools: [look], announce });
    this.changed();
  }

  /** Show what the server has kept, and what could not be sent to it. */
  async restore(had = "") {
    const messages = await messagesOf(this.id);
    this.keepLonger(messages, had);
    this.box.replaceChildren();
    // The first question of all is the server's own.
    messages.forEach((message, index) => {
      if (message.role === "user" && index > 0) this.putQuestion(message, messages.slice(index + 1));
      else if (message.role === "assistant" && !fruitless(message)) this.putAnswer(message);
      else if (index === 1) this.unseen(this.put(new Reply()), "The picture is kept, but nobody could look at it yet.", false);
    });
    const waiting = kept.unsent(this.id);
    const last = messages.findLast(({ role }) => role === "user");
    if (!waiting) return;
    if (last?.content === waiting.text && last.status !== "unanswered") kept.sent(this.id);
    else if (last?.content !== waiting.text) this.notSent(this.put(new Mine(waiting.text)), waiting, "This was not sent.");
  }

  /** The server may have lost the end of an answer that this page has heard. */
  keepLonger(messages, had) {
    const last = messages.at(-1);
    if (last?.status === "interrupted" && had.startsWith(last.content)) last.content = had;
  }

  putQuestion(message, after) {
    const [next] = after;
    // Asked again with the same words: the answer stands below the last time.
    const later = after.find(({ role }) => role === "user");
    if (message.status === "unanswered" && later?.content === message.content) return;
    const mine = this.put(new Mine(message.content));
    this.asked.add(message.content);
    const answered = next?.role === "assistant" && !fruitless(next);
    if (message.status === "unanswered" && !answered) {
      const waiting = kept.unsent(this.id);
      const key = waiting?.text === message.content ? waiting.key : newKey();
      this.notSent(mine, { text: message.content, key }, "Nobody could answer this.");
    }
  }

  async putAnswer(message) {
    const reply = this.put(new Reply());
    if (message.status === "streaming") {
      this.work(true);
      const more = (text) => text.length > reply.text.length && reply.add(text.slice(reply.text.length));
      message = await followAnswer(this.id, message, more);
      this.work(false);
    }
    const facts = { by: by("Answered", message.provider), announce: false };
    if (message.status === "interrupted") facts.note = "This answer was cut short.";
    if (message.status === "failed") Object.assign(facts, { note: "The model failed here.", bad: true });
    if (message.finish_reason in FINISHES) facts.note = FINISHES[message.finish_reason];
    await reply.finish(message.content, facts);
    this.changed();
  }

  /** Send a question; the same `key` is the same question sent again. */
  async send(text, key = newKey(), mine = this.put(new Mine(text))) {
    this.asked.add(text);
    mine.sending();
    const reply = this.put(new Reply());
    this.work(true);
    this.stopper = new AbortController();
    kept.keepUnsent(this.id, text, key);
    const again = { text, key };
    try {
      const { provider, finish } = await ask(this.id, text, {
        key,
        signal: this.stopper.signal,
        onTaken: () => kept.sent(this.id),
        onText: (piece) => {
          reply.add(piece);
          this.changed();
        },
      });
      await this.settle(reply, reply.text, finish, provider);
    } catch (error) {
      await this.wentWrong(error, reply, mine, again);
    } finally {
      this.work(false);
    }
  }

  stop() {
    this.stopper?.abort();
  }

  async settle(reply, text, finish, provider) {
    await reply.finish(text, { note: FINISHES[finish], by: by("Answered", provider) });
    this.changed();
  }

  async wentWrong(error, reply, mine, again) {
    if (error.name === "AbortError") {
      kept.sent(this.id);
      const tools = [tool("retry", "Ask again", () => this.send(again.text))];
      await reply.finish(reply.text, { note: "Stopped.", tools });
    } else if (error.broken && error.lost) {
      await reply.finish(reply.text, { note: "The connection broke. The answer is looked up when it is back.", bad: true });
      connection.whenBack(() => this.restoreKindly(reply.text));
    } else if (error.broken) {
      const tools = [tool("retry", "Ask again", () => this.send(again.text))];
      await reply.finish(reply.text, { note: error.message, bad: true, tools });
    } else {
      reply.element.remove();
      this.notSent(mine, again, error.message, error.again ?? true);
      alarm(`Not sent. ${error.message}`);
    }
    this.changed();
  }

  async restoreKindly(had) {
    try {
      await this.restore(had);
      say("The conversation is up to date.");
    } catch (error) {
      alarm(error.message);
    }
    this.changed();
  }

  notSent(mine, { text, key }, why, again = true) {
    const retry = tool("retry", "Try again", () => !this.busy && this.send(text, key, this.moved(mine)));
    const drop = tool("close", "Remove", () => {
      kept.sent(this.id);
      mine.element.remove();
      this.changed();
    });
    mine.failed(why, ...(again ? [retry] : []), drop);
    if (!again) kept.sent(this.id);
  }

  /** A question that is sent again is the last one said. */
  moved(mine) {
    this.box.append(mine.element);
    return mine;
  }

  put(turn) {
    this.box.append(turn.element);
    this.changed();
    return turn;
  }

  work(busy) {
    this.busy = busy;
    this.box.setAttribute("aria-busy", String(busy));
    this.changed();
  }
}

/** Whether the model failed before it said anything. */
const fruitless = ({ status, content }) => status === "failed" && !content;
