// News of a chat's plans while they are carried out, over a WebSocket that is opened anew when it breaks.

import { local } from "../library/cards.js";
import * as sessions from "./sessions.js";

const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 15_000;
const NOT_FOUND = 4404;

/**
 * Hear of a session's plans.
 *
 * @param {string} session
 * @param {(event: object) => void} on gets every event; first comes how the plans stand
 * @returns {() => void} stops it
 */
export function hear(session, on) {
  let socket = null;
  let pause = FIRST_PAUSE_MS;
  let over = false;
  let timer = null;

  async function open() {
    try {
      // The link is signed, since a browser's WebSocket sends no key, and anew each time, since it expires.
      const { events_url: address } = await sessions.plans(session);
      if (over) return;
      socket = new WebSocket(`${location.protocol === "https:" ? "wss:" : "ws:"}//${location.host}${local(address)}`);
    } catch {
      again();
      return;
    }
    socket.onmessage = ({ data }) => {
      pause = FIRST_PAUSE_MS;
      on(JSON.parse(data));
    };
    socket.onclose = ({ code }) => code !== NOT_FOUND && again();
  }

  function again() {
    if (over) return;
    timer = setTimeout(open, pause);
    pause = Math.min(pause * 2, LONGEST_PAUSE_MS);
  }

  open();
  return () => {
    over = true;
    clearTimeout(timer);
    socket?.close();
  };
}
