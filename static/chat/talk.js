// One chat: what was said in it, and what is being said.

import { newKey } from "../api.js";
import { alarm, say } from "../announce.js";
import { make, tool } from "../dom.js";
import { Mine, by } from "../turns.js";
import { PlanCard } from "./plan.js";
import { hear } from "./progress.js";
import { ChatReply } from "./reply.js";
import * as sessions from "./sessions.js";
import { ask, follow } from "./stream.js";

const NOTES = {
  length: "The answer reached the length the model may write.",
  content_filter: "The model’s safety filter ended the answer.",
};

export class Talk {
  /**
   * @param {object} session as the server has it
   * @param {() => void} changed called when something was added, or it began or stopped being busy
   */
  constructor(session, changed) {
    this.session = session;
    this.changed = changed;
    this.box = make("div", { className: "turns" });
    this.busy = false;
    this.plans = new Map();
    this.stopHearing = null;
  }

  get id() {
    return this.session.id;
  }

  /** Show what the server has kept. */
  async restore(messages) {
    const { plans } = await sessions.plans(this.id).catch(() => ({ plans: [] }));
    this.box.replaceChildren();
    messages.forEach((message, index) => {
      if (message.role === "user") this.putQuestion(message, messages[index + 1]);
      else if (!fruitless(message)) this.putAnswer(message, plans, messages[index - 1]?.content ?? "");
    });
    if ([...this.plans.values()].some(({ live }) => live)) this.hear();
    this.changed();
  }

  putQuestion(message, answer) {
    const mine = this.put(new Mine(message.content));
    if (answer && !fruitless(answer)) return;
    mine.failed(
      "Nobody could answer this.",
      tool("retry", "Ask again", () => !this.busy && this.send(message.content)),
    );
  }

  async putAnswer(message, plans, question) {
    const reply = this.put(new ChatReply());
    reply.question = question;
    if (message.status === "streaming") {
      await this.follow(message, reply);
    } else {
      for (const plan of plans) if (plan.message_id === message.id) this.putPlan(reply, plan);
      await reply.whole(message.content, factsOf(message), {
        ...noteOf(message),
        by: by("Answered", message.provider),
        tools: this.again(question, factsOf(message), message.metadata?.offers_detailed_analysis),
        announce: false,
      });
    }
    this.changed();
  }

  /** What can be done with the last answer: have it again, or have the pictures looked at more closely. */
  again(question, { agents_used: agents = [], image_context: pictures }, closer = true) {
    if (!question || !this.session.is_active) return [];
    const send = (detailed) => !this.busy && this.send(question, newKey(), this.put(new Mine(question)), detailed);
    const tools = [tool("retry", "Ask again", () => send(false), "tool again")];
    if (closer && pictures?.length && agents.includes("AnalysisAgent"))
      tools.push(tool("eye", "Look more closely", () => send(true), "tool again"));
    return tools;
  }

  async follow(message, reply) {
    this.work(true, message.id);
    this.stopper = new AbortController();
    try {
      await follow(this.id, message.id, { signal: this.stopper.signal, on: (event) => this.take(event, reply) });
    } catch (error) {
      await this.broke(error, reply, "");
    } finally {
      this.work(false);
    }
  }

  /** Send a message; the same `key` is the same message sent again. `detailed`: the pictures are shown in full size. */
  async send(text, key = newKey(), mine = this.put(new Mine(text)), detailed = false) {
    mine.sending();
    const reply = this.put(new ChatReply());
    Object.assign(reply, { question: text, detailed });
    this.work(true);
    this.stopper = new AbortController();
    try {
      await ask(this.id, text, { key, detailed, signal: this.stopper.signal, on: (event) => this.take(event, reply) });
    } catch (error) {
      if (error.broken || error.name === "AbortError") await this.broke(error, reply, text);
      else this.notSent(error, reply, mine, { text, key, detailed });
    } finally {
      this.work(false);
    }
  }

  /** One event of an answer. */
  take(event, reply) {
    switch (event.type) {
      case "connection":
        this.message = event.message_id;
        break;
      case "again":
        reply.clear();
        break;
      case "status":
        reply.step(event.agent_name, event.message);
        say(event.message);
        break;
      case "thinking_step":
        reply.step(event.agent_name, event.message, event.reasoning);
        break;
      case "tool_invocation":
        reply.step(event.agent_name, event.tool_name.replaceAll("_", " "));
        break;
      case "image_results":
        reply.pictures(event.images);
        break;
      case "token":
        reply.add(event.content);
        break;
      case "plan_pending_approval":
        this.putPlan(reply, event);
        break;
      case "complete":
        this.complete(event, reply);
        break;
      default: // pings and what a later server may add
    }
    this.changed();
  }

  complete(event, reply) {
    for (const plan of event.pending_actions ?? []) this.putPlan(reply, plan);
    const note = event.cancelled ? "Stopped." : NOTES[event.finish_reason];
    const tools = this.again(reply.question, event, !reply.detailed);
    reply.whole(event.content, event, { note, by: by("Answered", event.provider), tools }).then(this.changed);
    if (event.pending_actions?.length) say("A plan waits for your yes.");
  }

  putPlan(reply, plan) {
    const before = this.plans.get(plan.plan_id);
    if (before) {
      before.show(plan);
      return;
    }
    const card = new PlanCard(this.id, plan, () => this.hear());
    this.plans.set(card.id, card);
    reply.plans.append(card.element);
  }

  /** Follow the plans that are being carried out, to their ends. */
  hear() {
    this.stopHearing ??= hear(this.id, (event) => {
      this.plans.get(event.plan_id)?.heard(event);
      if ([...this.plans.values()].some(({ live }) => live)) return;
      this.stopHearing();
      this.stopHearing = null;
    });
  }

  async stop() {
    if (!this.message) {
      this.stopper?.abort();
      return;
    }
    try {
      await sessions.cancel(this.id, this.message);
    } catch (error) {
      if (error.status !== 409) alarm(error.message); // 409: it is finished
    }
  }

  /** The answer had begun, and cannot be gone on with. */
  async broke(error, reply, text) {
    const again = text ? [tool("retry", "Ask again", () => !this.busy && this.send(text))] : [];
    const note = error.name === "AbortError" ? "Stopped." : error.message;
    if (error.name !== "AbortError") alarm(note);
    await reply.whole(
      reply.text,
      {},
      { note, bad: error.name !== "AbortError", tools: error.again === false ? [] : again, announce: false },
    );
    this.changed();
  }

  notSent(error, reply, mine, { text, key, detailed }) {
    reply.element.remove();
    const retry = tool("retry", "Try again", () => {
      if (this.busy) return;
      this.box.append(mine.element);
      this.send(text, key, mine, detailed);
    });
    const drop = tool("close", "Remove", () => {
      mine.element.remove();
      this.changed();
    });
    mine.failed(error.message, ...(error.again && error.code !== "session_closed" ? [retry] : []), drop);
    alarm(`Not sent. ${error.message}`);
    this.changed();
  }

  put(turn) {
    this.box.append(turn.element);
    this.changed();
    return turn;
  }

  work(busy, message = "") {
    this.busy = busy;
    this.message = message;
    this.box.setAttribute("aria-busy", String(busy));
    this.changed();
  }
}

/** Whether the model failed before it said anything. */
const fruitless = ({ role, status, content }) => role !== "assistant" || (status === "failed" && !content);

function noteOf({ status, metadata }) {
  if (status === "interrupted") return { note: "This answer was cut short." };
  if (status === "failed") return { note: "The model failed here.", bad: true };
  return { note: NOTES[metadata?.finish_reason] };
}

/** What `complete` told of an answer, as far as it was kept. */
const factsOf = ({ image_context: pictures, metadata }) => ({ ...metadata, image_context: pictures ?? [] });
