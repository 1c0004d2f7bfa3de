// Finding a picture by words, among all that the server has.

import { json } from "../api.js";
import { say } from "../announce.js";
import { byId } from "../dom.js";
import { entry } from "./side.js";

const MOST = 20;
const field = byId("ask-find");
const told = byId("ask-found");

/** Make the search field search; `back` is called to show the own list again. */
export function startFinding(back) {
  byId("ask-find-form").addEventListener("submit", (event) => {
    event.preventDefault();
    if (field.value.trim()) find(field.value.trim());
    else stopFinding(back);
  });
  // Pressing Escape or the field's own cross empties it.
  field.addEventListener("search", () => !field.value && stopFinding(back));
  field.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    field.value = "";
    stopFinding(back);
  });
}

/** Forget what was searched for. */
export function stopFinding(back) {
  field.value = "";
  told.hidden = true;
  back();
}

async function find(query) {
  const wish = { query, limit: MOST, timezone: Intl.DateTimeFormat().resolvedOptions().timeZone };
  try {
    const { results, total_count: count } = await json("POST", "/api/v2/search/images", { json: wish });
    byId("ask-list-empty").hidden = true;
    byId("ask-list").replaceChildren(
      ...results.map(({ image_id: id, filename, description }) => entry({ id, title: filename, about: description })),
    );
    tell(count === 0 ? "Nothing matches." : count === 1 ? "1 picture found." : `${count} pictures found.`);
  } catch (error) {
    tell(error.status === 404 ? "This server cannot search." : error.message);
  }
}

function tell(text) {
  told.hidden = false;
  told.textContent = text;
  say(text);
}
