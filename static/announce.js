// What a screen reader is told: whole sentences, once each.

import { byId } from "./dom.js";

/** Said when there is a pause. */
export const say = (text) => put(byId("live"), text);

/** Said at once. */
export const alarm = (text) => put(byId("alarm"), text);

function put(region, text) {
  region.textContent = "";
  // A region that gets the same text again is only read out if it was empty in between.
  setTimeout(() => {
    region.textContent = text;
  }, 60);
}
