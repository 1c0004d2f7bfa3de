// The chats' requests.

import { json, saveFile, send } from "../api.js";

const SESSIONS = "/api/v2/chat/sessions";
const TITLE = 80;

/** Chats, newest first. */
export const page = (search, offset) =>
  json("GET", `${SESSIONS}?${new URLSearchParams({ ...(search ? { search } : {}), limit: 20, offset })}`);
/** A chat with what was said in it, and what it is about. */
export async function get(id) {
  const found = await json("GET", `${SESSIONS}/${id}`);
  found.session.selected_document_count = found.selected_document_ids.length;
  return found;
}
export const rename = (id, title) => json("PATCH", `${SESSIONS}/${id}/title`, { json: { title } });
export const close = (id) => json("DELETE", `${SESSIONS}/${id}`);
/** Let a chat be about these as well; about them alone if it was about everything. */
export async function aimAt(id, { pictures, documents }) {
  const { session, selected_image_ids: seen, selected_document_ids: read } = await get(id);
  const joined = (before, added) => [...new Set([...before, ...added])];
  if (pictures.length) {
    const wanted = session.use_all_images ? pictures : joined(seen, pictures);
    await json("PUT", `${SESSIONS}/${id}/images`, { json: { image_ids: wanted } });
    if (session.use_all_images) await json("PATCH", `${SESSIONS}/${id}/mode`, { json: { use_all_images: false } });
  }
  if (documents.length) await json("PUT", `${SESSIONS}/${id}/documents`, { json: { document_ids: joined(read, documents) } });
}
export const aimAtAll = (id) => json("PATCH", `${SESSIONS}/${id}/mode`, { json: { use_all_images: true } });
export const noDocuments = (id) => json("PUT", `${SESSIONS}/${id}/documents`, { json: { document_ids: [] } });
export const save = (id, format, metadata) =>
  saveFile(`${SESSIONS}/${id}/export?${new URLSearchParams({ format, include_metadata: metadata })}`);

/** Plans, newest first, and `events_url`, where a browser hears of them. */
export const plans = (id) => json("GET", `${SESSIONS}/${id}/plans?limit=100`);
export const plan = (id, one) => json("GET", `${SESSIONS}/${id}/plans/${one}`);
export const decide = (id, plan, action) => json("POST", `${SESSIONS}/${id}/plans/${plan}/action`, { json: { action } });
export const undo = (id, plan) => json("POST", `${SESSIONS}/${id}/plans/${plan}/undo`);

export const ask = (id, message, { key, detailed, signal }) =>
  send("POST", `${SESSIONS}/${id}/messages/stream`, {
    json: { message, force_detailed_analysis: detailed },
    key,
    signal,
    accept: "text/event-stream",
  });
export const follow = (id, message, { after, signal }) =>
  send("GET", `${SESSIONS}/${id}/messages/${message}/stream`, { after, signal, accept: "text/event-stream" });
export const cancel = (id, message) => json("POST", `${SESSIONS}/${id}/messages/${message}/cancel`);

const counted = (count, one) => (count ? `${count} ${count === 1 ? one : `${one}s`}` : "");

/**
 * Begin a chat, about everything or about some pictures or documents.
 *
 * @returns {Promise<string>} its id
 */
export async function begin({ title = "", pictures = [], documents = [] }) {
  const about = [counted(pictures.length, "picture"), counted(documents.length, "document")].filter(Boolean);
  const words = title || (about.length ? `About ${about.join(" and ")}` : "");
  const wish = { initial_image_ids: pictures, use_all_images: pictures.length === 0 };
  if (words) wish.title = words.length > TITLE ? `${words.slice(0, TITLE - 1)}…` : words;
  const { session_id: id } = await json("POST", SESSIONS, { json: wish });
  if (documents.length) await json("PUT", `${SESSIONS}/${id}/documents`, { json: { document_ids: documents.slice(0, 100) } });
  return id;
}
