// One photo from the camera.

import { byId, make } from "./dom.js";

const WISHES = { video: { facingMode: "environment", width: { ideal: 1920 }, height: { ideal: 1440 } } };

/** Open the camera, or throw what `getUserMedia` throws; browsers have none on pages that are not secure. */
export async function openCamera() {
  if (!navigator.mediaDevices?.getUserMedia) throw new DOMException("no camera here", "NotSupportedError");
  return navigator.mediaDevices.getUserMedia(WISHES);
}

/** What a video element shows, as a JPEG file. */
export async function frameOf(video) {
  const canvas = make("canvas", { width: video.videoWidth, height: video.videoHeight });
  canvas.getContext("2d").drawImage(video, 0, 0);
  const blob = await new Promise((resolve) => canvas.toBlob(resolve, "image/jpeg", 0.92));
  return new File([blob], "photo.jpg", { type: "image/jpeg" });
}

export function closeCamera(stream) {
  for (const track of stream?.getTracks() ?? []) track.stop();
}

/** Let a person take a photo; null if they do not. */
export async function takePhoto() {
  if (!navigator.mediaDevices?.getUserMedia) return fromDevice();
  const dialog = byId("camera");
  const video = byId("camera-video");
  const take = byId("camera-take");
  const note = byId("camera-note");
  let stream = null;
  let file = null;
  take.disabled = true;
  note.hidden = false;
  note.textContent = "Waiting for the camera…";
  const closed = new Promise((resolve) => dialog.addEventListener("close", resolve, { once: true }));
  byId("camera-cancel").onclick = () => dialog.close();
  take.onclick = async () => {
    file = await frameOf(video);
    dialog.close();
  };
  dialog.showModal();
  try {
    stream = await openCamera();
    video.srcObject = stream;
    await video.play();
    note.hidden = true;
    take.disabled = false;
    take.focus();
  } catch (error) {
    note.textContent = whyNot(error);
  }
  if (!dialog.open) closeCamera(stream);
  await closed;
  closeCamera(stream);
  video.srcObject = null;
  return file;
}

/** Why there is no camera or microphone, in plain words. */
export function whyNot(error, device = "camera") {
  switch (error.name) {
    case "NotAllowedError":
      return `This page may not use the ${device}. Allow it in the browser’s settings for this page, then try again.`;
    case "NotFoundError":
    case "OverconstrainedError":
      return `No ${device} was found.`;
    case "NotSupportedError":
      return `A browser gives the ${device} only to pages opened over https or on this computer itself.`;
    default:
      return `The ${device} cannot be used: another program may have it.`;
  }
}

/** The device's own camera application, or a file where there is none. */
function fromDevice() {
  return new Promise((resolve) => {
    const field = make("input", { type: "file", accept: "image/*" });
    field.setAttribute("capture", "environment");
    field.onchange = () => resolve(field.files[0] ?? null);
    field.oncancel = () => resolve(null);
    field.click();
  });
}
