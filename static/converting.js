// Pictures of other kinds (WebP, AVIF, BMP …) as JPEG, where this browser can read them: the server need not know them.

import { make } from "./dom.js";

const TAKEN = /^image\/(png|jpeg|gif)$/;
const QUALITY = 0.92;

/** The file as the server takes it; itself where nothing need be done or nothing can be. */
export async function asTaken(file) {
  if (!file.type.startsWith("image/") || TAKEN.test(file.type)) return file;
  try {
    const blob = await jpegOf(await createImageBitmap(file));
    return new File([blob], `${file.name.replace(/\.\w+$/, "")}.jpg`, { type: "image/jpeg" });
  } catch {
    return file; // the server says what is wrong with it
  }
}

/** A bitmap as a JPEG within these pixels; what is transparent becomes white. The bitmap is gone afterwards. */
export async function jpegOf(bitmap, { widest = Infinity, highest = Infinity } = {}) {
  const scale = Math.min(1, widest / bitmap.width, highest / bitmap.height);
  const width = Math.max(1, Math.round(bitmap.width * scale));
  const height = Math.max(1, Math.round(bitmap.height * scale));
  const canvas = make("canvas", { width, height });
  const pen = canvas.getContext("2d");
  pen.fillStyle = "#fff";
  pen.fillRect(0, 0, width, height);
  pen.drawImage(bitmap, 0, 0, width, height);
  bitmap.close();
  return new Promise((resolve, reject) =>
    canvas.toBlob((blob) => (blob ? resolve(blob) : reject(new Error("too large"))), "image/jpeg", QUALITY),
  );
}
