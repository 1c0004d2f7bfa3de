// Runs before the first paint, so that a chosen theme does not flash in the other one.
{
  const kept = (() => {
    try {
      return JSON.parse(localStorage.getItem("va.theme"));
    } catch {
      return null; // storage is switched off or holds something else: the system's theme stays
    }
  })();
  if (kept === "dark" || kept === "light") document.documentElement.dataset.theme = kept;
}
