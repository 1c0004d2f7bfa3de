// The pictures this browser knows, newest first, and what could not be sent about them yet.

import { keep, kept } from "../keep.js";

const MOST = 200;

/** @returns {{id: string, title: string, at: number}[]} */
export function pictures() {
  const list = kept("pictures", []);
  return Array.isArray(list) ? list.filter((picture) => typeof picture?.id === "string") : [];
}

/** Put a picture first. */
export function remember(id, title) {
  const others = pictures().filter((picture) => picture.id !== id);
  keep("pictures", [{ id, title, at: Date.now() }, ...others].slice(0, MOST));
}

export function forget(id) {
  keep("pictures", pictures().filter((picture) => picture.id !== id));
  keep(`outbox.${id}`, null);
  keep(`draft.${id}`, null);
}

/** The question that was sent about a picture and not taken yet: `{text, key}` or null. */
export const unsent = (id) => kept(`outbox.${id}`);
export const keepUnsent = (id, text, key) => keep(`outbox.${id}`, { text, key });
export const sent = (id) => keep(`outbox.${id}`, null);

/** What is being typed about a picture. */
export const draft = (id) => kept(`draft.${id}`, "");
export const keepDraft = (id, text) => keep(`draft.${id}`, text || null);
