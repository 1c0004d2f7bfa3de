// What is looked at: the camera, or a chosen picture. Either way a JPEG is sent.

import { closeCamera, frameOf, openCamera } from "../camera.js";
import { jpegOf } from "../converting.js";
import { byId } from "../dom.js";

const MOST = { widest: 1600, highest: 1200 };
const video = byId("speak-video");
const picture = byId("speak-picture");
let stream = null;
let chosen = null;

export const watching = () => stream !== null;
export const anything = () => stream !== null || chosen !== null;

/** Show what the camera sees. @throws what `getUserMedia` throws */
export async function watch() {
  stream = await openCamera();
  video.srcObject = stream;
  await video.play();
  show();
}

export function unwatch() {
  closeCamera(stream);
  stream = null;
  video.srcObject = null;
  show();
}

/** Look at a picture file. @throws {Error} for one the browser cannot read */
export async function choose(file) {
  const bitmap = await createImageBitmap(file);
  bitmap.close();
  if (stream) unwatch();
  chosen = file;
  if (picture.src) URL.revokeObjectURL(picture.src);
  picture.src = URL.createObjectURL(file);
  picture.alt = `Your picture ${file.name}`;
  show();
}

/** The picture of this moment as a JPEG of at most 1600 by 1200 pixels. */
export async function jpeg() {
  return jpegOf(await createImageBitmap(stream ? await frameOf(video) : chosen), MOST);
}

function show() {
  video.hidden = !stream;
  picture.hidden = stream !== null || chosen === null;
  byId("speak-empty").hidden = anything();
}
