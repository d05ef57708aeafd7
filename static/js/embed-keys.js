// Keys of the frame: Tab goes round inside it while it is a dialog, Escape leaves it, and what is
// being written is sent with Ctrl+Enter.
const REACHED =
  "a[href], button:not(:disabled), input:not([type=hidden], :disabled), select:not(:disabled), textarea:not(:disabled), summary, [tabindex='0']";
const isOne = (one, other) =>
  one === other || (one?.type === "radio" && other?.type === "radio" && one.name === other.name && one.form === other.form);

const turn = (event) => {
  const all = [...document.querySelectorAll(REACHED)].filter((each) => each.checkVisibility({ visibilityProperty: true }) && each.tabIndex >= 0);
  if (!all.length) return;
  const here = document.activeElement;
  const [first, last] = [all[0], all.at(-1)];
  const leaves = event.shiftKey ? isOne(here, first) || here === document.body : isOne(here, last);
  if (!leaves) return;
  event.preventDefault();
  (event.shiftKey ? last : first).focus();
};

export default ({ isDialog, leave }) => {
  document.addEventListener("keydown", (event) => {
    if (event.defaultPrevented || event.isComposing || event.altKey) return;
    if (event.ctrlKey || event.metaKey) {
      if (event.key === "Enter") event.target.closest?.("form[data-ctrl-enter]")?.requestSubmit();
      return;
    }
    if (event.key === "Tab" && isDialog) turn(event);
    if (event.key === "Escape") leave();
  });
};
