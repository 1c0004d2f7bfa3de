// A video: played from where something was found in it, with its scenes beside it.

import { say } from "../announce.js";
import { byId, confirmed, icon, make, size } from "../dom.js";
import { clock, local, thumbnail } from "./cards.js";
import { round, saving } from "./controls.js";
import { notice, tried } from "../notice.js";
import * as server from "./server.js";
import { renew, takeOff, videoState } from "./shelf.js";

const LOOK_AGAIN_MS = 2000;
const place = byId("library-opened");
let open = null; // {video, player, buttons}
let wanted = "";
let leave = () => {};
let timer = null;

/**
 * Show a video.
 *
 * @param {string} id
 * @param {number|null} at where to stand in it, in milliseconds; null: at its beginning
 * @param {(changed?: boolean) => void} back go to the list
 * @throws {Problem}
 */
export async function openVideo(id, at, back) {
  leave = back;
  wanted = id;
  const video = await server.video(id);
  if (wanted !== id) return; // somebody went on meanwhile
  const player = make("video", { controls: true, preload: "metadata", playsInline: true, src: local(video.url) });
  player.setAttribute("aria-label", `The video ${video.filename}`);
  const unplayable = make("p", { className: "problem", hidden: true }, "This browser cannot play this video. It can be downloaded.");
  player.addEventListener("error", () => (unplayable.hidden = false));
  player.addEventListener("timeupdate", showWhere);
  const scenes = make("section", { className: "scenes", aria: { label: "Scenes" } });
  open = { video, player, scenes, buttons: [] };
  place.replaceChildren(
    bar(video),
    make(
      "div",
      { className: "opened-body" },
      make("div", { className: "playing" }, make("figure", { className: "shown" }, player), unplayable),
      make("div", { className: "about" }, scenes),
    ),
  );
  showScenes();
  if (at !== null) stand(at);
}

export function closeVideo() {
  clearTimeout(timer);
  open?.player.pause();
  wanted = "";
  open = null;
}

function bar(video) {
  const { id, filename, width, height, size_bytes: bytes } = video;
  const length = video.duration_ms ? `${clock(video.duration_ms)} · ` : "";
  return make(
    "div",
    { className: "opened-head" },
    round("left", "Back to the list", () => leave()),
    make(
      "div",
      { className: "opened-name" },
      make("h1", { tabIndex: -1 }, filename),
      make("p", { className: "muted" }, `${length}${width} × ${height} · ${size(bytes)}`),
    ),
    saving(server.videoFileOf(id), filename, "Download"),
    round("trash", "Delete this video", remove),
  );
}

/** Its scenes, or how far the cutting is. */
function showScenes() {
  const { video, scenes } = open;
  const state = videoState(video);
  open.buttons = video.scenes.map(sceneButton);
  scenes.replaceChildren(
    ...[
      make("h2", {}, "Scenes"),
      state,
      open.buttons.length ? make("ol", {}, ...open.buttons.map((button) => make("li", {}, button))) : null,
    ].filter(Boolean),
  );
  clearTimeout(timer);
  if (video.status === "pending" || video.status === "processing")
    timer = setTimeout(() => refresh().catch(() => {}), LOOK_AGAIN_MS);
}

function sceneButton({ image_id: id, start_ms: from, end_ms: to, description, thumbnail_url: address }) {
  const stretch = `${clock(from)}–${clock(to)}`;
  const words = make("span", {}, make("b", {}, stretch), make("small", { dir: "auto" }, description));
  const button = make("button", { type: "button", className: "scene" }, thumbnail(id, address), words);
  button.append(make("span", { className: "unseen" }, " – play from here"), icon("play"));
  button.addEventListener("click", () => {
    stand(from);
    open.player.play().catch(() => {}); // where it cannot, the player says so
    say(`Plays from ${clock(from)}.`);
  });
  return button;
}

/** Go to a place in it; `currentTime` only counts once the browser knows how long it is. */
function stand(ms) {
  const { player } = open;
  const seek = () => (player.currentTime = ms / 1000);
  if (player.readyState >= HTMLMediaElement.HAVE_METADATA) seek();
  else player.addEventListener("loadedmetadata", seek, { once: true });
  showWhere({ currentTarget: { currentTime: ms / 1000 } });
}

/** Mark the scene that is shown. */
function showWhere({ currentTarget: { currentTime: seconds } }) {
  if (!open) return;
  const now = open.video.scenes.findLastIndex(({ start_ms: from }) => from <= seconds * 1000 + 50);
  open.buttons.forEach((button, index) => {
    if (index === now) button.setAttribute("aria-current", "true");
    else button.removeAttribute("aria-current");
  });
}

async function refresh() {
  const { id } = open.video;
  const now = await server.video(id);
  if (open?.video.id !== id) return;
  open.video = now;
  renew(now);
  showScenes();
  if (now.status === "ready") say(`${now.scenes.length} scenes were found.`);
}

async function remove() {
  const { id, filename, scenes } = open.video;
  const words = `“${filename}” goes from the server with its scenes. This cannot be undone.`;
  if (!(await confirmed("Delete this video?", words, "Delete"))) return;
  await tried(async () => {
    await server.removeVideo(id);
    takeOff([id, ...scenes.map(({ image_id: frame }) => frame)]); // the list may be of what was found
    notice("The video is deleted.");
    leave(true);
  });
}
