// Marking the area that may change, by pointer or by keys.

import { say } from "../announce.js";
import { byId } from "../dom.js";

const MOST_PIXELS_A_SIDE = 2048;
const STEP = 0.02;
const canvas = byId("mask-canvas");
const cursor = byId("mask-cursor");
const pen = canvas.getContext("2d", { willReadFrequently: true });
const TOOLS = ["brush", "rectangle", "eraser"];
let kind = "brush";
let from = null; // where a stroke or a rectangle began
let before = null; // what was marked before the rectangle that is being drawn
let at = { x: 0.5, y: 0.5 }; // the keyboard's place, as shares of the picture
let marked = false;
let changed = () => {};

export const marking = () => !canvas.hidden;
export const hasMask = () => marked;

/** Begin to mark on a picture that is shown; `onChange` hears when something becomes marked or nothing is. */
export function startMarking(image, onChange) {
  changed = onChange;
  if (!marked) fit(image);
  canvas.hidden = false;
  byId("mask-tools").hidden = false;
  byId("studio-mask").setAttribute("aria-pressed", "true");
  canvas.focus();
}

/** Put the tools away; what is marked stays marked. */
export function stopMarking() {
  byId("mask-tools").hidden = true;
  byId("studio-mask").setAttribute("aria-pressed", "false");
  cursor.hidden = true;
  canvas.hidden = !marked;
}

export function clearMask() {
  pen.clearRect(0, 0, canvas.width, canvas.height);
  from = null;
  note(false);
  if (byId("mask-tools").hidden) canvas.hidden = true;
}

/**
 * The mask as base64 PNG of the picture's size: white may change, black stays.
 *
 * @param {HTMLImageElement} image
 */
export function maskOf(image) {
  const whole = document.createElement("canvas");
  whole.width = image.naturalWidth;
  whole.height = image.naturalHeight;
  const out = whole.getContext("2d");
  out.imageSmoothingEnabled = false;
  out.drawImage(canvas, 0, 0, whole.width, whole.height);
  const pixels = out.getImageData(0, 0, whole.width, whole.height);
  // No greys: a pixel may change or it may not.
  for (let i = 0; i < pixels.data.length; i += 4) {
    pixels.data.fill(pixels.data[i + 3] > 127 ? 255 : 0, i, i + 3);
    pixels.data[i + 3] = 255;
  }
  out.putImageData(pixels, 0, 0);
  return whole.toDataURL("image/png").split(",")[1];
}

function fit({ naturalWidth, naturalHeight }) {
  const scale = Math.min(1, MOST_PIXELS_A_SIDE / Math.max(naturalWidth, naturalHeight));
  canvas.width = Math.max(1, Math.round(naturalWidth * scale));
  canvas.height = Math.max(1, Math.round(naturalHeight * scale));
}

const breadth = () => (byId("mask-size").value / 100) * Math.max(canvas.width, canvas.height);
const pixel = ({ x, y }) => ({ x: x * canvas.width, y: y * canvas.height });

function placeOf(event) {
  const box = canvas.getBoundingClientRect();
  return { x: (event.clientX - box.left) / box.width, y: (event.clientY - box.top) / box.height };
}

function stroke(start, end) {
  const [a, b] = [pixel(start), pixel(end)];
  pen.globalCompositeOperation = kind === "eraser" ? "destination-out" : "source-over";
  pen.strokeStyle = "#4357ff";
  pen.lineWidth = breadth();
  pen.lineCap = "round";
  pen.beginPath();
  pen.moveTo(a.x, a.y);
  pen.lineTo(b.x, b.y + 0.01);
  pen.stroke();
}

function rectangle(start, end) {
  const [a, b] = [pixel(start), pixel(end)];
  pen.globalCompositeOperation = "source-over";
  pen.putImageData(before, 0, 0);
  pen.fillStyle = "#4357ff";
  pen.fillRect(Math.min(a.x, b.x), Math.min(a.y, b.y), Math.abs(a.x - b.x), Math.abs(a.y - b.y));
}

function begin(place) {
  from = place;
  if (kind === "rectangle") before = pen.getImageData(0, 0, canvas.width, canvas.height);
  else stroke(place, place);
}

function move(place) {
  if (kind === "rectangle") {
    rectangle(from, place);
  } else {
    stroke(from, place);
    from = place;
  }
}

function end() {
  from = null;
  note(pen.getImageData(0, 0, canvas.width, canvas.height).data.some((value, index) => index % 4 === 3 && value > 127));
}

function note(any) {
  marked = any;
  changed(any);
}

function pick(wanted) {
  kind = wanted;
  for (const name of TOOLS) byId(`mask-${name}`).setAttribute("aria-pressed", String(name === wanted));
}

function showCursor() {
  cursor.hidden = false;
  cursor.style.left = `${at.x * 100}%`;
  cursor.style.top = `${at.y * 100}%`;
}

const MOVES = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

function byKey(event) {
  const step = STEP * (event.shiftKey ? 4 : 1);
  if (event.key in MOVES) {
    const [x, y] = MOVES[event.key];
    const next = { x: clamp(at.x + x * step), y: clamp(at.y + y * step) };
    if (from) move(next);
    at = next;
  } else if (event.key === " " || event.key === "Enter") {
    press();
  } else {
    return;
  }
  event.preventDefault();
  showCursor();
}

function press() {
  if (from) {
    end();
    say(marked ? "Marked." : "Nothing is marked.");
  } else {
    begin(at);
    say(kind === "rectangle" ? "First corner set. Move, then press Space again." : "Painting. Move, then press Space again.");
  }
}

const clamp = (share) => Math.min(1, Math.max(0, share));

canvas.addEventListener("pointerdown", (event) => {
  if (event.button !== 0 || byId("mask-tools").hidden) return;
  canvas.setPointerCapture(event.pointerId);
  begin(placeOf(event));
});
canvas.addEventListener("pointermove", (event) => {
  if (from && canvas.hasPointerCapture(event.pointerId)) move(placeOf(event));
});
canvas.addEventListener("pointerup", () => from && end());
canvas.addEventListener("pointercancel", () => from && end());
canvas.addEventListener("keydown", byKey);
canvas.addEventListener("focus", () => canvas.matches(":focus-visible") && showCursor());
for (const name of TOOLS) byId(`mask-${name}`).addEventListener("click", () => pick(name));
byId("mask-clear").addEventListener("click", clearMask);
