// Server-sent events out of a response's body (https://html.spec.whatwg.org/multipage/server-sent-events.html).

/**
 * The events of a stream, one after another.
 *
 * @param {ReadableStream<Uint8Array>} body
 * @returns {AsyncGenerator<{event: string, data: string, id: string}>}
 */
export async function* events(body) {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  let current = fresh();
  try {
    for (;;) {
      const { value, done } = await reader.read();
      if (done) return;
      const lines = (rest + value).split(/\r\n|\n|\r(?!$)/);
      rest = lines.pop();
      for (const line of lines) {
        if (line !== "") {
          take(line, current);
        } else {
          if (current.data.length) yield { ...current, data: current.data.join("\n") };
          current = fresh();
        }
      }
    }
  } finally {
    await reader.cancel().catch(() => {});
  }
}

const fresh = () => ({ event: "message", id: "", data: [] });

function take(line, current) {
  const colon = line.indexOf(":");
  if (colon === 0) return; // a comment: the server's heartbeat
  const field = colon < 0 ? line : line.slice(0, colon);
  const value = colon < 0 ? "" : line.slice(colon + 1).replace(/^ /, "");
  if (field === "data") current.data.push(value);
  else if (field === "event" || field === "id") current[field] = value;
}
