// The one place where HTML goes into the page: what the server's own libraries made of Markdown, and sanitised.

import { json } from "./api.js";

const MARKED = /[*_#`~|<>[\]\\&]|^\s*(?:[-+]|\d+[.)])\s|:\/\//m;

const policy = globalThis.trustedTypes?.createPolicy("rendered", { createHTML: (html) => html });

/**
 * Show an answer's text as what its Markdown means. Stays plain text if the server cannot say.
 *
 * @param {HTMLElement} element its content is replaced
 * @param {string} text
 */
export async function show(element, text) {
  element.classList.remove("rich");
  element.classList.add("plain");
  element.textContent = text;
  if (!MARKED.test(text)) return;
  try {
    const { html } = await json("POST", "/render", { json: { text } });
    element.innerHTML = policy ? policy.createHTML(html) : html;
  } catch (error) {
    console.warn("The answer is shown as plain text:", error.message);
    return;
  }
  element.classList.replace("plain", "rich");
  // What scrolls sideways must be reachable by keyboard.
  for (const wide of element.querySelectorAll("pre, table")) wide.tabIndex = 0;
}
