// Small dialogs: asking for a name, choosing a folder, choosing one of a few ways.

import { icon, make } from "./dom.js";

let number = 0;

/**
 * Show a dialog and wait for what is chosen.
 *
 * @param {string} title
 * @param {Node[]} body
 * @param {string} yes the words on the button that agrees
 * @param {{danger?: boolean, read: () => any, act?: (value: any) => Promise<void>}} options `read` gives the value;
 *   undefined keeps the dialog open, and so does an `act` that fails: what was typed can be mended
 * @returns {Promise<any>} null when it was given up
 */
export function ask(title, body, yes, { danger = false, read, act = null }) {
  number += 1;
  const id = `dialog-${number}`;
  const no = make("button", { type: "button", className: "button" }, "Cancel");
  const go = make("button", { type: "submit", className: `button ${danger ? "danger" : "primary"}` }, yes);
  const wrong = make("p", { className: "problem", hidden: true, role: "alert" });
  const form = make(
    "form",
    { method: "dialog" },
    make("h2", { id }, title),
    ...body,
    wrong,
    make("div", { className: "row end" }, no, go),
  );
  const dialog = make("dialog", { aria: { labelledby: id } }, form);
  const before = document.activeElement;
  document.body.append(dialog);
  return new Promise((resolve) => {
    let value = null;
    no.onclick = () => dialog.close();
    form.onsubmit = async (event) => {
      event.preventDefault();
      const given = read();
      if (given === undefined || go.disabled) return;
      go.disabled = true;
      try {
        await act?.(given);
        value = given;
        dialog.close();
      } catch (error) {
        wrong.hidden = false;
        wrong.textContent = error.message;
      }
      go.disabled = false;
    };
    dialog.onclose = () => {
      dialog.remove();
      if (before?.isConnected) before.focus();
      resolve(value);
    };
    dialog.showModal();
  });
}

/** Ask for one line of text. `act` is done with it before the dialog closes. */
export function askText(title, label, yes, given = "", act = null) {
  const field = make("input", {
    type: "text",
    id: `text-${number}`,
    value: given,
    maxLength: 255,
    required: true,
    autocomplete: "off",
  });
  const body = [make("label", { htmlFor: field.id }, label), field];
  const asked = ask(title, body, yes, { read: () => field.value.trim() || undefined, act });
  field.focus();
  field.select();
  return asked;
}

/**
 * Ask which of a few ways to go.
 *
 * @param {{value: string, label: string, about?: string}[]} ways the first one is chosen already
 */
export function askWay(title, text, ways, yes, danger = false) {
  const name = `way-${number}`;
  const fields = ways.map(({ value, label, about }, index) => {
    const field = make("input", { type: "radio", name, value, checked: index === 0 });
    return make(
      "label",
      { className: "way" },
      field,
      make("span", {}, label, about ? make("small", { className: "muted" }, about) : null),
    );
  });
  const body = [text ? make("p", { className: "muted" }, text) : null, make("div", { className: "ways" }, ...fields)].filter(
    Boolean,
  );
  return ask(title, body, yes, { danger, read: () => fields.find((label) => label.control.checked).control.value });
}

/** Ask for a folder: its id, or "" for none. `without` is a folder that may not be chosen, with all below it. */
export function askFolder(title, folders, yes, { current = null, without = null } = {}) {
  const allowed = folders.filter(({ path }) => !without || (path !== without.path && !path.startsWith(`${without.path}/`)));
  const options = [
    make("option", { value: "" }, "No folder"),
    ...allowed.map(({ id, path }) => make("option", { value: id }, path.replace(/^\//, "").replaceAll("/", " › "))),
  ];
  const field = make("select", { id: `folder-${number}` }, ...options);
  field.value = current ?? "";
  const body = [make("label", { htmlFor: field.id }, icon("folder"), " Folder"), field];
  const asked = ask(title, body, yes, { read: () => field.value });
  field.focus();
  return asked;
}
