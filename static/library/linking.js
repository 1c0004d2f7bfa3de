// The documents that belong to a picture: shown, linked and parted again.

import { icon, make, tool } from "../dom.js";
import { round } from "./controls.js";
import { ask } from "../dialogs.js";
import { notice, tried } from "../notice.js";
import * as server from "./server.js";

/** All links of a picture. */
export async function linksOf(id) {
  const found = [];
  for await (const link of server.links({ image_id: id })) found.push(link);
  return found;
}

/**
 * Links of a picture, as a part of what is shown of it.
 *
 * @param {() => Promise<void>} changed called when one has been made
 */
export async function linked(picture, links, changed) {
  const items = await Promise.all(
    links.map(async (link) => {
      const name =
        link.document_filename ?? (await server.documentOf(link.document_id).catch(() => null))?.filename ?? "A document";
      const where = link.page ? `page ${link.page}` : "the whole document";
      const address = `#/library/document/${link.document_id}${link.page ? `/${link.page}` : ""}`;
      const gone = round("close", `Take the link to ${name} away`, () => unlink(link.id, item));
      const item = make(
        "li",
        {},
        make(
          "a",
          { href: address },
          icon("document"),
          make(
            "span",
            {},
            make("b", {}, link.title || name),
            make("small", {}, [link.title ? name : "", where, link.note].filter(Boolean).join(" · ")),
          ),
        ),
        gone,
      );
      return item;
    }),
  );
  return make(
    "section",
    { className: "linked", aria: { label: "Documents linked to it" } },
    make("h2", {}, "Documents"),
    make("ul", {}, ...items),
    make(
      "div",
      { className: "row" },
      tool("link", "Link a document", () => link(picture.id, changed), "button small"),
    ),
  );
}

async function unlink(id, item) {
  await tried(async () => {
    await server.removeLink(id);
    item.remove();
    notice("The link is taken away.");
  });
}

async function link(imageId, changed) {
  const { documents } = await server.documents({ limit: 100 });
  if (!documents.length) {
    notice("There are no documents yet. Add one to the library first.");
    return;
  }
  const which = make(
    "select",
    { id: "link-document" },
    ...documents.map(({ id, title, filename }) => make("option", { value: id }, title || filename)),
  );
  const page = make("input", { type: "number", id: "link-page", min: 1, max: 20_000, placeholder: "all of it" });
  const title = make("input", { type: "text", id: "link-title", maxLength: 255, autocomplete: "off" });
  const body = [
    make("label", { htmlFor: which.id }, "Document"),
    which,
    make("label", { htmlFor: page.id }, "Page (if only one is meant)"),
    page,
    make("label", { htmlFor: title.id }, "Title (optional)"),
    title,
  ];
  const wish = await ask("Link a document to this picture", body, "Link", {
    read: () => ({ image_id: imageId, document_id: which.value, page: page.valueAsNumber || null, title: title.value.trim() }),
  });
  if (!wish) return;
  await tried(async () => {
    await server.newLink(wish);
    await changed();
    notice("The document is linked.");
  });
}
