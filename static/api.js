// Requests to this server.

import * as connection from "./connection.js";
import { byId } from "./dom.js";
import { keep, kept } from "./keep.js";
import { problemOf, unreachable } from "./problems.js";

/** A name for one request, the same when it is sent again. (`randomUUID` is only there over https or on localhost.) */
export function newKey() {
  if (crypto.randomUUID) return crypto.randomUUID();
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** The headers every request carries; `after` is the last event that was read of a stream. */
export function headersFor({ key, accept, after } = {}) {
  const headers = {};
  if (key) headers["Idempotency-Key"] = key;
  if (after) headers["Last-Event-ID"] = after;
  if (accept) headers.Accept = accept;
  const access = kept("key");
  if (access) headers.Authorization = `Bearer ${access}`;
  return headers;
}

/**
 * Send a request.
 *
 * @param {string} method
 * @param {string} path
 * @param {{json?: object, form?: FormData, key?: string, accept?: string, after?: string, signal?: AbortSignal}} options
 * @returns {Promise<Response>} an answer with a good status
 * @throws {Problem} for every other one; an AbortError when the signal was raised
 */
export async function send(method, path, options = {}) {
  const response = await attempt(method, path, options);
  if (response.ok) return response;
  if (response.status === 401 && (await askForKey())) return send(method, path, options);
  throw problemOf(response.status, await bodyOf(response), response.headers.get("X-Conversation-Id"));
}

/** Send a request and read the JSON of its answer. */
export async function json(method, path, options = {}) {
  const response = await send(method, path, options);
  return response.status === 204 ? null : bodyOf(response);
}

/** The raw answer whatever its status. */
export async function attempt(method, path, { json: value, form, signal, ...more } = {}) {
  const headers = headersFor(more);
  if (value !== undefined) headers["Content-Type"] = "application/json";
  try {
    return await fetch(path, { method, headers, body: value === undefined ? form : JSON.stringify(value), signal });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    connection.lost();
    throw unreachable();
  }
}

async function bodyOf(response) {
  try {
    return await response.json();
  } catch {
    return null;
  }
}

let asking = null;

/** Ask for an access key; several requests that are refused at once ask once. Resolves to whether one was given. */
export function askForKey() {
  asking ??= new Promise((resolve) => {
    const dialog = byId("access");
    const field = byId("access-key");
    dialog.returnValue = "";
    field.value = "";
    byId("access-cancel").onclick = () => dialog.close("");
    byId("access-form").onsubmit = (event) => {
      event.preventDefault();
      keep("key", field.value.trim());
      dialog.close("given");
    };
    dialog.onclose = () => {
      asking = null;
      resolve(dialog.returnValue === "given");
    };
    dialog.showModal();
  });
  return asking;
}

/** Save a file of this server; a plain link sends no access key. */
export async function saveFile(path) {
  const response = await send("GET", path);
  const name = /filename="?([^";]+)/.exec(response.headers.get("Content-Disposition") ?? "")?.[1] ?? "picture";
  const link = document.createElement("a");
  link.href = URL.createObjectURL(await response.blob());
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}

/** Show a picture of this server; with an access key it has to be fetched, an `<img>` sends none. */
export async function setPicture(image, path) {
  if (!kept("key")) {
    image.src = path;
    return;
  }
  try {
    const response = await send("GET", path);
    image.src = URL.createObjectURL(await response.blob());
    image.addEventListener("load", () => URL.revokeObjectURL(image.src), { once: true });
  } catch {
    image.removeAttribute("src");
  }
}
