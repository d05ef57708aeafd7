// Reports by keyboard: J and K walk, A agrees, D disagrees, I ignores the first reporter. What a
// key does is a button of the case that has the focus, or of the first one.
const places = { KeyJ: "j", KeyK: "k", KeyA: "a", KeyD: "d", KeyI: "i" };

export default (list) => {
  const cases = [...list.children];
  const at = () => cases.findIndex((each) => each.contains(document.activeElement));
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.shiftKey) return;
    if (event.target.closest?.("input, textarea, select, [contenteditable]")) return;
    if (document.querySelector("dialog[open]")) return;
    if (document.querySelector("#keys .keys__switch")?.ariaPressed === "false") return;
    const key = places[event.code];
    if (!key) return;
    event.preventDefault();
    if (key === "j" || key === "k") {
      const next = cases[Math.max(0, Math.min(cases.length - 1, at() + (key === "j" ? 1 : -1)))];
      next.focus({ preventScroll: true });
      next.scrollIntoView({ block: "start" });
      return;
    }
    cases[Math.max(0, at())].querySelector(`[data-key=${key}], [data-key=${key}] button`)?.click();
  });
};
