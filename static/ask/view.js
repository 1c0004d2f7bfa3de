// Ask: a picture, and questions about it.

import { send, setPicture } from "../api.js";
import { alarm, say } from "../announce.js";
import { asTaken } from "../converting.js";
import { byId, confirmed, make } from "../dom.js";
import { startDrawer } from "../drawer.js";
import { failed, notice } from "../notice.js";
import { choosing, photographing } from "../picking.js";
import { go, push, settle, whenBackHere } from "../router.js";
import { following, sendsOnEnter } from "../turns.js";
import { startFinding, stopFinding } from "./finding.js";
import * as kept from "./kept.js";
import { pictureOf } from "./restoring.js";
import { factsOf, refusal, sendPicture } from "./sending.js";
import { showList } from "./side.js";
import { Talk } from "./talk.js";

const QUESTIONS = [
  "Describe this picture",
  "What colours are in it?",
  "Is there any text in it?",
  "How many people are there?",
  "What is in the foreground?",
  "Is it sharp and well exposed?",
];

/** Conversations opened since the page was loaded, by picture; answers go on coming in while another one is shown. */
const talks = new Map();
const field = byId("ask-text");
const follow = following(byId("ask-log"));
let open = null; // the Talk that is shown
let sending = false; // a picture is on its way

start();

/** Show a picture's conversation, or the place where one begins. */
export async function enter(id) {
  if (sending && !id) return;
  showProblem("");
  if (id && (await openTalk(id))) return;
  open = null;
  byId("ask-talk").hidden = true;
  byId("ask-start").hidden = false;
  showList("");
}

/** Begin with a new picture, from wherever it came. */
export async function takeFile(file) {
  if (sending) return;
  const no = refusal(file);
  if (no) {
    refuse(no);
    return;
  }
  const preview = URL.createObjectURL(file);
  sending = true;
  if (open) push("/ask"); // back to the picture that was shown
  showPicture({ name: file.name, facts: "", alt: `Your picture ${file.name}` });
  byId("ask-picture").src = preview;
  byId("ask-log").replaceChildren();
  open = null;
  showBusy();
  try {
    const answer = await sendPicture(await asTaken(file));
    sending = false;
    if (answer) await arrived(answer);
    else await enter("");
  } catch (error) {
    sending = false;
    await enter("");
    showProblem(error.message);
  } finally {
    URL.revokeObjectURL(preview);
  }
}

/** A file that is not sent at all leaves what is shown as it is. */
function refuse(why) {
  if (open) failed(why);
  else showProblem(why);
}

async function arrived(answer) {
  const { image_id: id, image } = answer;
  kept.remember(id, image.filename);
  const talk = new Talk(id, () => refresh(talk));
  talks.set(id, talk);
  open = talk;
  byId("ask-log").replaceChildren(talk.box);
  byId("ask-name").textContent = image.filename;
  byId("ask-facts").textContent = factsOf(image);
  if (byId("view-ask").hidden) {
    say("The picture is on the server. Its analysis is under Ask.");
  } else {
    settle(`/ask/${id}`);
    field.focus();
  }
  showList(id);
  await talk.open(answer);
  refresh(talk);
}

async function openTalk(id) {
  let talk = talks.get(id);
  try {
    const image = await pictureOf(id);
    showPicture({ name: image.filename, facts: factsOf(image), alt: `Your picture ${image.filename}` });
    setPicture(byId("ask-picture"), `/images/${id}/file`);
    if (!talk) {
      talk = new Talk(id, () => refresh(talk));
      await talk.restore();
      talks.set(id, talk);
    }
    if (!kept.pictures().some((picture) => picture.id === id)) kept.remember(id, image.filename);
  } catch (error) {
    if (error.status === 404) kept.forget(id);
    settle("/ask");
    if (error.lost) whenBackHere(() => go(`/ask/${id}`));
    await enter("");
    showProblem(error.message);
    return true;
  }
  open = talk;
  byId("ask-log").replaceChildren(talk.box);
  field.value = kept.draft(id);
  stopFinding(() => showList(id));
  refresh(talk);
  follow(true);
  return true;
}

function showPicture({ name, facts, alt }) {
  byId("ask-start").hidden = true;
  byId("ask-talk").hidden = false;
  byId("ask-name").textContent = name;
  byId("ask-facts").textContent = facts;
  byId("ask-picture").alt = alt;
}

function showProblem(text) {
  const place = byId("ask-problem");
  place.hidden = !text;
  place.textContent = text;
  if (text) alarm(text);
}

/** Bring buttons and suggestions in line with the conversation, if it is the one shown. */
function refresh(talk) {
  if (talk !== open) return;
  showBusy();
  follow();
}

function showBusy() {
  const busy = open?.busy ?? false;
  const hadFocus = document.activeElement;
  byId("ask-send").hidden = busy;
  byId("ask-send").disabled = sending;
  byId("ask-stop").hidden = !busy;
  byId("ask-delete").hidden = !open;
  if (hadFocus === byId("ask-stop") && !busy) field.focus();
  const left = open && !busy ? QUESTIONS.filter((question) => !open.asked.has(question)).slice(0, 4) : [];
  byId("ask-chips").replaceChildren(...left.map(chip));
}

function chip(question) {
  return make("li", {}, make("button", { type: "button", className: "chip", onclick: () => put(question) }, question));
}

function put(question) {
  if (!open || open.busy) return;
  open.send(question);
  follow(true);
  field.focus();
}

async function removeOpen() {
  const { id } = open;
  const yes = await confirmed("Delete this picture?", "It goes from the server, with everything said about it. This cannot be undone.", "Delete");
  if (!yes) return;
  open.stop();
  try {
    await send("DELETE", `/images/${id}`);
  } catch (error) {
    if (error.status !== 404) {
      failed(error.message);
      return;
    }
  }
  kept.forget(id);
  talks.delete(id);
  notice("The picture is deleted.");
  settle("/ask");
  await enter("");
  byId("ask-title").focus();
}

function start() {
  startDrawer("ask");
  startFinding(() => showList(open?.id ?? ""));
  choosing(byId("ask-choose"), byId("ask-file"), takeFile);
  photographing(byId("ask-camera"), takeFile);
  sendsOnEnter(field, byId("ask-form"));
  field.addEventListener("input", () => open && kept.keepDraft(open.id, field.value));
  byId("ask-form").addEventListener("submit", (event) => {
    event.preventDefault();
    const text = field.value.trim();
    if (!text || !open || open.busy) return;
    field.value = "";
    kept.keepDraft(open.id, "");
    put(text);
  });
  byId("ask-stop").addEventListener("click", () => open?.stop());
  byId("ask-delete").addEventListener("click", removeOpen);
}
