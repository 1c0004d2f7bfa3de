// A picture file that a work begins with.

const MOST_BYTES = 16 * 1024 * 1024;

/** Why a file is not taken; empty if it is. */
export function refusal({ name, size, type }) {
  if (size > MOST_BYTES) return `“${name}” is too large: at most 16 MB are taken.`;
  return type && !type.startsWith("image/") ? `“${name}” is not a picture.` : "";
}

/** A file as a data URL. */
export function dataOf(file) {
  return new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.onload = () => resolve(reader.result);
    reader.onerror = () => reject(reader.error);
    reader.readAsDataURL(file);
  });
}
