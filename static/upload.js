// Sending a file with progress, which fetch does not tell.

import { askForKey, headersFor } from "./api.js";
import * as connection from "./connection.js";
import { problemOf, unreachable } from "./problems.js";

/**
 * Send a file as multipart field `file`.
 *
 * @param {string} path
 * @param {File} file
 * @param {{key: string, signal: AbortSignal, onProgress: (share: number) => void, fields?: object}} options `share` is
 *   0 to 1; 1 when all is sent and the answer is waited for; `fields` are sent along
 * @returns {Promise<object>} the answer's JSON
 * @throws {Problem}, or an AbortError
 */
export async function upload(path, file, options) {
  const { status, body } = await sendOnce(path, file, options);
  if (status >= 200 && status < 300 && body) return body;
  if (status === 401 && (await askForKey())) return upload(path, file, options);
  throw problemOf(status, body);
}

function sendOnce(path, file, { key, signal, onProgress, fields = {} }) {
  return new Promise((resolve, reject) => {
    signal.throwIfAborted();
    const request = new XMLHttpRequest();
    const form = new FormData();
    for (const [name, value] of Object.entries(fields)) form.append(name, value);
    form.append("file", file, file.name || "picture");
    request.open("POST", path);
    for (const [name, value] of Object.entries(headersFor({ key }))) request.setRequestHeader(name, value);
    request.upload.onprogress = (event) => onProgress(event.lengthComputable ? event.loaded / event.total : 0);
    request.upload.onload = () => onProgress(1);
    request.onload = () => resolve({ status: request.status, body: parsed(request.responseText) });
    request.onerror = () => {
      connection.lost();
      reject(unreachable());
    };
    request.onabort = () => reject(new DOMException("stopped", "AbortError"));
    signal.addEventListener("abort", () => request.abort());
    request.send(form);
  });
}

function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
