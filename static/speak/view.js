// Speak: ask aloud about what the camera sees, and hear the answer.

import { newKey } from "../api.js";
import { say } from "../announce.js";
import { whyNot } from "../camera.js";
import { byId, make } from "../dom.js";
import { keep, kept } from "../keep.js";
import { choosing } from "../picking.js";
import { sendsOnEnter } from "../turns.js";
import * as looking from "./looking.js";
import { phrase } from "./phrases.js";
import { RATE, Recorder } from "./recorder.js";
import * as server from "./server.js";
import { wavOf } from "./wav.js";

const SHORTEST_S = 0.3;
const audio = byId("speak-audio");
const status = byId("speak-status");
let recorder = null;
let starting = false;
let busy = false;
let unsent = null; // the request that failed, with its key

start();

export async function enter() {
  showWords();
  await showHistory();
}

export function leave() {
  throwAway();
  audio.pause();
  if (looking.watching()) toggleCamera();
}

/** Look at a picture. */
export async function takeFile(file) {
  try {
    await looking.choose(file);
    showCamera();
    tell(`${file.name}`);
  } catch {
    tell("This file is not a picture that this browser can read.");
  }
}

const language = () => document.querySelector("[name=language]:checked").value;

/** Put something into the status line, which is read out. */
function tell(text) {
  status.lang = "";
  status.textContent = text;
}

function tellPhrase(name) {
  tell(phrase(name, language()));
  status.lang = language() || "en";
}

function showWords() {
  const chosen = language();
  byId("speak-record-text").textContent = phrase(recorder ? "stop" : "ask", chosen);
  byId("speak-snapshot-text").textContent = phrase("look", chosen);
  for (const id of ["speak-record-text", "speak-snapshot-text"]) byId(id).lang = chosen || "en";
}

async function toggleRecording() {
  if (busy || starting) return;
  if (recorder) {
    await finish();
    return;
  }
  if (!looking.anything()) {
    tellPhrase("noPicture");
    byId("speak-camera").focus();
    return;
  }
  audio.pause();
  starting = true;
  try {
    recorder = await Recorder.start({ onLevel: (loudness) => (byId("speak-level").value = loudness), onFull: finish });
    tellPhrase("listening");
  } catch (error) {
    tell(whyNot(error, "microphone"));
  } finally {
    starting = false;
    showRecording();
  }
}

function showRecording() {
  byId("speak-record").classList.toggle("on", recorder !== null);
  byId("speak-level").hidden = recorder === null;
  showWords();
}

async function finish() {
  if (!recorder) return;
  const ending = recorder;
  recorder = null;
  showRecording();
  const samples = await ending.stop();
  if (samples.length < SHORTEST_S * RATE) tellPhrase("short");
  else await ask({ audio: wavOf(samples, RATE) });
}

function throwAway() {
  if (!recorder) return;
  recorder.stop();
  recorder = null;
  showRecording();
  tellPhrase("dropped");
}

async function ask(question) {
  if (busy) return;
  if (!looking.anything()) {
    tellPhrase("noPicture");
    return;
  }
  audio.pause();
  await send({ ...question, image: await looking.jpeg(), language: language() }, newKey());
}

async function send(request, key) {
  unsent = { request, key };
  put(true);
  tellPhrase("sent");
  try {
    const answer = await server.analyze(request, key);
    if (answer.ok || !answer.again) unsent = null;
    await hear(answer);
  } catch (error) {
    if (!error.again) unsent = null;
    tell(error.message);
    byId("speak-heard").hidden = unsent === null;
    byId("speak-query").textContent = "";
    byId("speak-text").textContent = "";
    byId("speak-again").hidden = true;
  } finally {
    put(false);
  }
}

/** Play an answer, and show its words. */
async function hear(answer) {
  if (audio.src) URL.revokeObjectURL(audio.src);
  audio.src = URL.createObjectURL(answer.audio);
  const all = answer.ok ? await showHistory() : [];
  const text = byId("speak-text");
  text.textContent = all.at(-1)?.ai_response ?? answer.text;
  const query = all.at(-1)?.user_query ?? "";
  byId("speak-query").textContent = query && query !== server.SNAPSHOT ? `“${query}”` : "";
  text.lang = answer.language;
  byId("speak-heard").hidden = false;
  byId("speak-again").hidden = false;
  try {
    await audio.play();
    tellPhrase("answer"); // the words themselves are not read out over the voice
  } catch {
    tellPhrase("silent");
    say(text.textContent);
  }
}

function put(on) {
  busy = on;
  byId("speak-progress").hidden = !on;
  for (const id of ["speak-record", "speak-snapshot"]) byId(id).setAttribute("aria-disabled", String(on));
  byId("speak-retry").hidden = on || unsent === null;
}

/** Show what was said before; what is shown last. */
async function showHistory() {
  let all = [];
  try {
    all = await server.history();
  } catch (error) {
    tell(error.message);
  }
  byId("speak-said").hidden = all.length === 0;
  byId("speak-history").replaceChildren(
    ...all.toReversed().flatMap(({ user_query: query, ai_response: response, detected_language: lang }) => [
      make("dt", { lang, dir: "auto" }, query === server.SNAPSHOT ? phrase("look", lang) : query),
      make("dd", { lang, dir: "auto" }, response),
    ]),
  );
  return all;
}

async function toggleCamera() {
  try {
    if (looking.watching()) looking.unwatch();
    else await looking.watch();
  } catch (error) {
    tell(whyNot(error));
  }
  showCamera();
}

function showCamera() {
  const on = looking.watching();
  byId("speak-camera").setAttribute("aria-pressed", String(on));
  byId("speak-camera").querySelector("span").textContent = on ? "Camera is on" : "Use camera";
}

function onKey(event) {
  if (byId("view-speak").hidden || event.ctrlKey || event.altKey || event.metaKey || event.repeat) return;
  if (event.key === "Escape") throwAway();
  const taken = event.target.closest("button, a, input, textarea, select, summary, dialog, audio");
  if (event.key !== " " || taken) return;
  event.preventDefault();
  toggleRecording();
}

function start() {
  const before = document.querySelector(`[name=language][value="${CSS.escape(kept("voice.language", ""))}"]`);
  if (before) before.checked = true;
  for (const choice of document.querySelectorAll("[name=language]")) {
    choice.addEventListener("change", () => {
      keep("voice.language", language());
      showWords();
    });
  }
  choosing(byId("speak-choose"), byId("speak-file"), takeFile);
  byId("speak-camera").addEventListener("click", toggleCamera);
  byId("speak-record").addEventListener("click", toggleRecording);
  byId("speak-snapshot").addEventListener("click", () => ask({}));
  audio.addEventListener("ended", () => !busy && tell(""));
  byId("speak-again").addEventListener("click", () => audio.play());
  byId("speak-retry").addEventListener("click", () => unsent && send(unsent.request, unsent.key));
  sendsOnEnter(byId("speak-question"), byId("speak-form"));
  byId("speak-form").addEventListener("submit", (event) => {
    event.preventDefault();
    const field = byId("speak-question");
    const question = field.value.trim();
    if (!question || busy) return;
    if (looking.anything()) field.value = "";
    ask({ question });
  });
  byId("speak-reset").addEventListener("click", async () => {
    try {
      await server.reset();
    } catch (error) {
      tell(error.message);
      return;
    }
    audio.pause();
    byId("speak-heard").hidden = true;
    await showHistory();
    byId("speak-title").focus();
    say("What was said is forgotten.");
  });
  document.addEventListener("keydown", onKey);
}
