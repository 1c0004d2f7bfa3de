// Speak: ask aloud about what the camera sees, and hear the answer.

import { newKey } from "../api.js";
import { say } from "../announce.js";
import { whyNot } from "../camera.js";
import { byId, confirmed, icon, make } from "../dom.js";
import { keep, kept } from "../keep.js";
import { choosing } from "../picking.js";
import { sendsOnEnter } from "../turns.js";
import * as looking from "./looking.js";
import { phrase, put as putPhrase, showPhrases, spoken } from "./phrases.js";
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
const playing = () => Boolean(audio.src) && !audio.paused && !audio.ended;

/** Put something into the status line, which is read out. */
function tell(text) {
  status.lang = "";
  status.textContent = text;
}

function tellPhrase(name) {
  const shown = spoken(language());
  tell(phrase(name, shown));
  status.lang = shown;
}

function showWords() {
  const shown = spoken(language());
  showPhrases(shown);
  if (recorder) putPhrase(byId("speak-record-text"), "stop", shown);
  showCamera();
  showPlaying();
}

/** The button that plays the answer stops it, too. */
function showPlaying() {
  const button = byId("speak-again");
  putPhrase(button.querySelector("[data-phrase]"), playing() ? "hush" : "again", spoken(language()));
  button.querySelector(".mark").replaceChildren(icon(playing() ? "stop" : "play"));
}

function hush() {
  audio.pause();
  audio.currentTime = 0;
  tell("");
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
  putPhrase(byId("speak-camera").querySelector("span"), on ? "cameraOn" : "camera", spoken(language()));
}

function onKey(event) {
  if (byId("view-speak").hidden || event.ctrlKey || event.altKey || event.metaKey || event.repeat) return;
  if (event.key === "Escape") {
    if (playing()) hush();
    throwAway();
  }
  const taken = event.target.closest("button, a, input, textarea, select, summary, dialog, audio");
  if (event.key !== " " || taken) return;
  event.preventDefault();
  toggleRecording();
}

/** How fast answers are spoken; who listens all day wants it faster. */
function startRate() {
  const field = byId("speak-rate");
  const before = String(kept("voice.rate", 1));
  if ([...field.options].some(({ value }) => value === before)) field.value = before;
  const put = () => (audio.defaultPlaybackRate = audio.playbackRate = Number(field.value));
  put();
  field.addEventListener("change", () => {
    put();
    keep("voice.rate", Number(field.value));
  });
}

async function forgetAll() {
  const shown = spoken(language());
  if (!(await confirmed(`${phrase("forget", shown)}?`, phrase("forgetAsk", shown), phrase("forget", shown)))) return;
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
  for (const turn of ["play", "pause", "ended"]) audio.addEventListener(turn, showPlaying);
  byId("speak-again").addEventListener("click", () => (playing() ? hush() : audio.play()));
  startRate();
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
  byId("speak-reset").addEventListener("click", forgetAll);
  document.addEventListener("keydown", onKey);
}
