// The studio's requests.

import { json, send } from "../api.js";

const CONVERSATIONS = "/studio/conversations";

/**
 * Say what to make or change.
 *
 * @param {{message: string, picture?: string, conversation_id?: string, version_id?: string, mask?: string}} wish
 */
export const make = (wish, { key, signal }) => json("POST", "/chat", { json: wish, key, signal });

export const conversations = async () => (await json("GET", `${CONVERSATIONS}?limit=50&offset=0`)).conversations;
export const conversation = (id) => json("GET", `${CONVERSATIONS}/${id}`);
export const rename = (id, title) => json("PATCH", `${CONVERSATIONS}/${id}`, { json: { title } });
export const remove = (id) => send("DELETE", `${CONVERSATIONS}/${id}`);
export const undo = (id) => json("POST", `${CONVERSATIONS}/${id}/undo`);
export const redo = (id) => json("POST", `${CONVERSATIONS}/${id}/redo`);
export const choose = (id, version) => json("PUT", `${CONVERSATIONS}/${id}/current`, { json: { version_id: version } });
export const removeVersion = (version) => send("DELETE", `/studio/versions/${version}`);

export const fileOf = (version) => `/studio/versions/${version}/file`;
export const thumbnailOf = (version) => `/studio/versions/${version}/thumbnail`;
export const downloadOf = (version) => `${fileOf(version)}?download=1`;

/** Whether an error says that this server has no studio at all. */
export const missing = (error) => error.status === 404 && error.code === "not_found";
