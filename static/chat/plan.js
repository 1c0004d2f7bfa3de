// A plan: what is to be changed, waiting for a yes; then how far it is, and a way back.

import { alarm, say } from "../announce.js";
import { make, tool } from "../dom.js";
import { failed, notice } from "../notice.js";
import { named } from "./agents.js";
import * as sessions from "./sessions.js";

const WORDS = {
  pending: "Waits for your yes",
  approved: "Begins…",
  running: "Is being done…",
  completed: "Done",
  failed: "Could not be done",
  cancelled: "Cancelled; nothing more is changed",
  expired: "Too late: it was not approved within its hour. Ask for it again.",
  undone: "Taken back",
};
const MARKS = { waiting: "", done: "✓", failed: "✗", skipped: "–", undone: "↶" };
const STEPS = { waiting: "not done yet", done: "done", failed: "failed", skipped: "left out", undone: "taken back" };
const TIME = new Intl.DateTimeFormat(undefined, { timeStyle: "short" });

export class PlanCard {
  /**
   * @param {string} session
   * @param {object} plan as `plan_pending_approval` or the server's list has it
   * @param {() => void} decided called when it is set going
   */
  constructor(session, plan, decided) {
    this.session = session;
    this.decided = decided;
    this.title = make("h2", {});
    this.about = make("p", { className: "muted small-print" });
    this.steps = make("ol", { className: "plan-steps" });
    this.bar = make("progress", { hidden: true, aria: { label: "How much of the plan is done" } });
    this.state = make("p", { className: "plan-state" });
    this.tools = make("div", { className: "row" });
    this.element = make(
      "section",
      { className: "plan", aria: { label: "Plan" } },
      this.title,
      this.about,
      this.steps,
      this.bar,
      this.state,
      this.tools,
    );
    this.plan = {};
    this.show({ status: "pending", ...plan });
    if (this.plan.status === "pending") this.waitForEnd();
  }

  get id() {
    return this.plan.plan_id;
  }

  /** Whether it is being carried out. */
  get live() {
    return this.plan.status === "approved" || this.plan.status === "running";
  }

  /** Take in what is new of it. */
  show(news) {
    const before = this.plan.status;
    this.plan = { ...this.plan, ...news };
    const { title, steps = [], status, estimated_tokens: cost, expires_at: end, error } = this.plan;
    this.element.dataset.status = status;
    this.title.textContent = title;
    const asks = status === "pending";
    this.about.hidden = !asks;
    this.about.textContent = [
      `${steps.length} ${steps.length === 1 ? "change" : "changes"} to your library`,
      cost ? `about ${cost} tokens` : "no model is asked, so it costs nothing",
      end ? `can be approved until ${TIME.format(new Date(end))}` : "",
    ]
      .filter(Boolean)
      .join(" · ");
    this.steps.replaceChildren(...steps.map(stepLine));
    const done = steps.filter((step) => step.status === "done").length;
    const busy = this.live;
    this.bar.hidden = !busy;
    Object.assign(this.bar, { max: steps.length || 1, value: done });
    this.state.textContent =
      error && status === "failed"
        ? `${WORDS.failed}: ${error}`
        : busy && done
          ? `${done} of ${steps.length} done…`
          : (WORDS[status] ?? status);
    this.showTools();
    if (before && before !== status && !asks) this.tell(status);
  }

  tell(status) {
    const words = `${this.plan.title}: ${this.state.textContent}`;
    if (status === "failed") alarm(words);
    else say(words);
  }

  showTools() {
    const had = this.tools.contains(document.activeElement);
    const { status } = this.plan;
    const tools = [];
    if (status === "pending") {
      tools.push(
        tool("check", "Approve", () => this.decide("approve"), "button small primary"),
        tool("close", "Cancel", () => this.decide("cancel"), "button small"),
      );
    } else if (this.live) {
      tools.push(tool("stop", "Stop after this step", () => this.decide("cancel"), "button small"));
    } else if (this.mayUndo()) {
      tools.push(tool("undo", "Undo", () => this.undo(), "button small"));
    }
    for (const button of tools) button.disabled = this.waiting ?? false;
    this.tools.replaceChildren(...tools);
    if (had) tools[0]?.focus();
  }

  /** Whether what was done can be taken back. */
  mayUndo() {
    const { status, steps } = this.plan;
    const done = steps.filter((step) => step.status === "done");
    return (
      ["completed", "failed", "cancelled"].includes(status) &&
      done.length > 0 &&
      done.every(({ reversible }) => reversible !== false)
    );
  }

  busy(on) {
    this.waiting = on;
    for (const button of this.tools.children) button.disabled = on;
  }

  async decide(action) {
    if (action === "approve") {
      this.show({ status: "approved" });
      this.decided(); // progress is heard from the first step on
    }
    this.busy(true);
    try {
      await sessions.decide(this.session, this.id, action);
    } catch (error) {
      this.said(error);
    }
    this.busy(false);
    await this.renew();
  }

  /** An event of the plan's. */
  heard({ plan, type, index, result, results, status, error }) {
    if (plan) {
      this.show(plan);
      return;
    }
    const ended = new Map((results?.steps ?? []).map((step) => [step.index, step]));
    const steps = this.plan.steps.map((step) => {
      if (type === "PlanStepCompleted" && step.index === index) return { ...step, status: "done", result };
      return { ...step, ...ended.get(step.index) };
    });
    this.show({ status, steps, error });
  }

  async undo() {
    this.busy(true);
    try {
      await sessions.undo(this.session, this.id);
      notice("The changes are taken back.");
    } catch (error) {
      this.said(error);
    }
    this.busy(false);
    await this.renew();
  }

  said(error) {
    failed(error.message);
  }

  /** Ask the server how it stands. */
  async renew() {
    try {
      this.show(await sessions.plan(this.session, this.id));
    } catch (error) {
      this.state.textContent = error.message;
    }
  }

  waitForEnd() {
    const left = new Date(this.plan.expires_at) - Date.now();
    if (Number.isFinite(left))
      setTimeout(() => this.plan.status === "pending" && this.show({ status: "expired" }), Math.max(0, left));
  }
}

function stepLine({ description, agent_name: agent, status = "waiting", result, error }) {
  const why = error ?? result?.error;
  return make(
    "li",
    { className: status },
    make("span", { className: "mark", ariaHidden: "true" }, MARKS[status] ?? ""),
    make(
      "span",
      {},
      description,
      make("span", { className: "unseen" }, status === "waiting" ? "" : ` (${STEPS[status] ?? status})`),
      typeof why === "string" ? make("small", { className: "bad" }, why) : null,
    ),
    make("small", { className: "muted agent" }, agent ? named(agent) : ""),
  );
}
