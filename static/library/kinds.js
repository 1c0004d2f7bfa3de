// Which files the library takes, and where it takes them.

import { size } from "../dom.js";

const DOCUMENT = /\.(pdf|docx|md|markdown|html?|txt)$/i;
const VIDEO = /\.(mp4|m4v|webm)$/i;
const PICTURE = /\.(png|jpe?g|gif)$/i;
const MOST = { images: 16 * 1024 * 1024, documents: 50 * 1024 * 1024, videos: 64 * 1024 * 1024 };
const TAKEN = "Pictures (PNG, JPEG, GIF, WebP), videos (MP4, WebM) and documents (PDF, Word, Markdown, HTML, text) are taken.";

/** What a file is to the library: "images", "documents" or "videos"; what is none of them is tried as a picture. */
export const kindOf = ({ name }) => (DOCUMENT.test(name) ? "documents" : VIDEO.test(name) ? "videos" : "images");

/** Why a file need not be sent at all; empty if it may be. */
export function refusal(file) {
  const most = MOST[kindOf(file)];
  if (file.size === 0) return "The file is empty";
  return file.size > most ? `${size(file.size)}; at most ${size(most)} are taken` : "";
}

/** What went wrong with a file, for somebody who never said that it is a picture. */
export function whyNot(file, { status, message }) {
  const unknown = kindOf(file) === "images" && !PICTURE.test(file.name);
  return unknown && (status === 400 || status === 422) ? `This kind of file is not taken. ${TAKEN}` : message;
}
