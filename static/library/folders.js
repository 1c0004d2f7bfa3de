// Folders: the tree beside the list, the way to where one is, and what can be done with a folder.

import { byId, icon, make } from "../dom.js";
import { go } from "../router.js";
import { askFolder, askText, askWay } from "../dialogs.js";
import { notice, tried } from "../notice.js";
import * as server from "./server.js";

let all = [];

export const everyFolder = () => all;
export const folderOf = (id) => all.find((folder) => folder.id === id);

/** Ask the server for them anew. */
export async function loadFolders() {
  all = (await server.folders()).toSorted((one, other) => one.path.localeCompare(other.path, undefined, { numeric: true }));
  return all;
}

/** Show the tree; `current` is the id of the folder that is open, "" for none, `kind` what its links show. */
export function showTree(current, kind) {
  const everything = entry({ name: "Everything" }, `#/library/${kind}`, current === "", "library");
  byId("library-folders").replaceChildren(everything, ...branch(null, current, kind));
}

function branch(parent, current, kind) {
  return all
    .filter(({ parent_id: of }) => (of ?? null) === parent)
    .map((folder) => {
      const item = entry(
        folder,
        `#/library/${kind}/${folder.id}`,
        folder.id === current,
        "folder",
        folder[kind === "documents" ? "document_count" : "image_count"],
      );
      const below = branch(folder.id, current, kind);
      if (below.length) item.append(make("ul", {}, ...below));
      return item;
    });
}

function entry({ name }, href, isCurrent, mark, count = 0) {
  const link = make("a", { href }, icon(mark), make("span", { className: "name", title: name }, name));
  if (count) link.append(make("small", { className: "muted" }, String(count)));
  if (isCurrent) link.setAttribute("aria-current", "true");
  return make("li", {}, link);
}

/** Show the folders above the open one, and what can be done with it. */
export function showWhere(current, kind) {
  const folder = folderOf(current);
  byId("library-title").textContent = folder?.name ?? "Library";
  byId("library-folder-tools").hidden = !folder;
  const above = [];
  for (let one = folderOf(folder?.parent_id); one; one = folderOf(one.parent_id)) above.unshift(one);
  const crumbs = [
    { name: "Library", href: `#/library/${kind}` },
    ...above.map(({ id, name }) => ({ name, href: `#/library/${kind}/${id}` })),
  ];
  byId("library-crumbs").hidden = !folder;
  byId("library-crumbs").replaceChildren(...crumbs.flatMap(({ name, href }) => [make("a", { href }, name), " › "]));
}

/** Make a folder within another one (null: at the top), and open it. */
export async function create(parent, kind) {
  const within = folderOf(parent);
  await askText(within ? `New folder in “${within.name}”` : "New folder", "Name", "Make it", "", async (name) => {
    const made = await server.newFolder(name, within?.id ?? null);
    await loadFolders();
    go(`/library/${kind}/${made.id}`);
  });
}

export async function rename(id, changed) {
  await askText("Rename the folder", "Name", "Rename", folderOf(id).name, (name) => change(id, { name }, changed));
}

export async function move(id, changed) {
  const folder = folderOf(id);
  const parent = await askFolder(`Move “${folder.name}” into`, all, "Move", { current: folder.parent_id, without: folder });
  if (parent === null || parent === (folder.parent_id ?? "")) return;
  await tried(async () => {
    await change(id, { parent_id: parent || null }, changed);
    const back = () => tried(() => change(id, { parent_id: folder.parent_id ?? null }, changed));
    notice(`“${folder.name}” was moved.`, back);
  });
}

async function change(id, changes, changed) {
  await server.changeFolder(id, changes);
  await loadFolders();
  changed();
}

/** Delete a folder, and go to the one above it. */
export async function remove(id, kind) {
  const { name, parent_id: parent } = folderOf(id);
  const above = parent ? `“${folderOf(parent)?.name}”` : "the top of the library";
  const way = await askWay(
    `Delete the folder “${name}”?`,
    "",
    [
      { value: "keep", label: "Keep what is in it", about: `Pictures, documents and folders go to ${above}.` },
      {
        value: "delete",
        label: "Delete what is in it too",
        about: "All pictures and documents in it and below are gone for good.",
      },
    ],
    "Delete",
    true,
  );
  if (way === null) return;
  await tried(async () => {
    await server.removeFolder(id, way);
    await loadFolders();
    go(parent ? `/library/${kind}/${parent}` : `/library/${kind}`);
    notice(
      way === "keep"
        ? `The folder “${name}” is deleted; what was in it is in ${above}.`
        : `The folder “${name}” is deleted with all that was in it.`,
    );
  });
}
