// What this browser remembers; a browser that forbids it forgets, and all else works.

const PREFIX = "va.";

/** The value kept under a name, or `otherwise`. */
export function kept(name, otherwise = null) {
  try {
    const value = localStorage.getItem(PREFIX + name);
    return value === null ? otherwise : JSON.parse(value);
  } catch {
    return otherwise;
  }
}

/** Keep a JSON value; null takes it away. */
export function keep(name, value) {
  try {
    if (value === null) localStorage.removeItem(PREFIX + name);
    else localStorage.setItem(PREFIX + name, JSON.stringify(value));
  } catch (error) {
    console.warn("This browser keeps nothing:", error.name);
  }
}
