// What went wrong, in words for the person in front of the page.

const BY_CODE = {
  file_too_large: "This file is too large: at most 16 MB are taken.",
  unsupported_extension: "This kind of file is not taken. Send a PNG, a JPEG, a GIF or a WebP.",
  not_an_image: "This file is not a picture.",
  content_mismatch: "The file’s name and what is in it do not agree. Rename it, or save it again as PNG or JPEG.",
  corrupt_image: "This picture is damaged and cannot be read.",
  image_too_large_pixels: "This picture has too many pixels. Make it smaller and send it again.",
  image_not_found: "This picture is no longer on the server.",
  conversation_not_found: "This conversation is no longer on the server.",
  version_not_found: "This version is no longer on the server.",
  conversation_busy: "The last change is still being made. Wait a moment and try again.",
  version_in_use: "This version is being changed just now. Wait a moment and try again.",
  nothing_to_undo: "There is nothing to undo.",
  nothing_to_redo: "There is nothing to redo.",
  question_too_long: "The question is too long: at most 10,000 characters are taken.",
  message_too_long: "The text is too long: at most 10,000 characters are taken.",
  provider_timeout: "The model took too long to answer.",
  provider_rate_limited: "The model has too much to do at the moment.",
  provider_unavailable: "The model behind this server cannot be reached.",
};

const BY_STATUS = {
  401: "This server wants a key.",
  403: "This key may not do that.",
  404: "This server does not have that.",
  408: "The connection was too slow.",
  409: "That cannot be done just now.",
  413: "That is too large for the server.",
  429: "Too many requests. Wait a little, then try again.",
  500: "Something went wrong on the server.",
  502: "The model behind this server failed.",
  503: "The server cannot do this at the moment.",
  504: "The model took too long to answer.",
};

/** A request that did not bring what it was for. */
export class Problem extends Error {
  /**
   * @param {string} message one or two sentences to show
   * @param {{status?: number, code?: string, lost?: boolean, conversation?: string|null}} facts `lost`: nobody
   *   answered; `conversation`: where the request can be sent again
   */
  constructor(message, { status = 0, code = "", lost = false, conversation = null } = {}) {
    super(message);
    Object.assign(this, { status, code, lost, conversation });
  }

  /** Whether the very same request may go well later. */
  get again() {
    return this.lost || this.status === 401 || this.status === 408 || this.status === 409 || this.status === 429 || this.status >= 500;
  }
}

/** The Problem of an error answer; `body` is its JSON, if it had any, in any of the server's three shapes. */
export function problemOf(status, body, conversation = null) {
  const error = body?.error ?? {};
  const code = (error.code ?? body?.code ?? "").toLowerCase();
  const theirs = error.message ?? body?.detail;
  const message = BY_CODE[error.code] ?? (typeof theirs === "string" ? theirs : null) ?? BY_STATUS[status];
  return new Problem(message ?? "Something went wrong.", { status, code, conversation });
}

export const unreachable = () => new Problem("The server could not be reached.", { lost: true });
