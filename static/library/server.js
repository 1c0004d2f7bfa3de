// The library's requests.

import { json, send } from "../api.js";

const V2 = "/api/v2";

/** A path with the parameters that have a value. */
function withQuery(path, values) {
  const given = Object.entries(values).filter(([, value]) => value !== undefined && value !== null && value !== "");
  return given.length ? `${path}?${new URLSearchParams(given)}` : path;
}

export const pictures = (values) => json("GET", withQuery(`${V2}/images`, values));
export const picture = (id) => json("GET", `${V2}/images/${id}`);
export const changePicture = (id, changes) => json("PATCH", `${V2}/images/${id}`, { json: changes });
export const removePicture = (id) => send("DELETE", `${V2}/images/${id}`);
/** @param {{action: "move"|"delete"|"update"|"reanalyse", image_ids: string[]}} wish */
export const bulk = (wish) => json("POST", `${V2}/images/bulk`, { json: wish });

export const documents = (values) => json("GET", withQuery(`${V2}/documents`, values));
export const documentOf = (id) => json("GET", `${V2}/documents/${id}`);
export const page = (id, number) => json("GET", `${V2}/documents/${id}/pages/${number}`);
export const changeDocument = (id, changes) => json("PATCH", `${V2}/documents/${id}`, { json: changes });
export const removeDocument = (id) => send("DELETE", `${V2}/documents/${id}`);
export const readAgain = (id) => json("POST", `${V2}/documents/${id}/retry`);
export const fileOf = (id) => `${V2}/documents/${id}/file`;

export const videos = (values) => json("GET", withQuery(`${V2}/videos`, values));
export const video = (id) => json("GET", `${V2}/videos/${id}`);
export const removeVideo = (id) => send("DELETE", `${V2}/videos/${id}`);
export const videoFileOf = (id) => `${V2}/videos/${id}/file`;

export const folders = async () => (await json("GET", `${V2}/folders`)).folders;
export const newFolder = (name, parent) => json("POST", `${V2}/folders`, { json: { name, parent_id: parent } });
export const changeFolder = (id, changes) => json("PATCH", `${V2}/folders/${id}`, { json: changes });
export const removeFolder = (id, contents) => send("DELETE", withQuery(`${V2}/folders/${id}`, { contents }));

/** All links of a picture or a document, or simply all. */
export async function* links(values) {
  for (let offset = 0, left = true; left; offset += 100) {
    const { links: found, has_more: more } = await json("GET", withQuery(`${V2}/links`, { ...values, limit: 100, offset }));
    yield* found;
    left = more;
  }
}
export const newLink = (wish) => json("POST", `${V2}/links`, { json: wish });
export const removeLink = (id) => send("DELETE", `${V2}/links/${id}`);

const timezone = () => Intl.DateTimeFormat().resolvedOptions().timeZone;
export const findPictures = (wish, signal) =>
  json("POST", `${V2}/search/images`, { json: { timezone: timezone(), ...wish }, signal });
export const findPassages = (wish, signal) => json("POST", `${V2}/search/documents`, { json: wish, signal });
