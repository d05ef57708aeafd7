// `/` search, `N` ask, `?` help, `J` and `K` along a list, Ctrl+Enter publishes. Never while typing.
const typing = (target) => target.closest?.("input, textarea, select, [contenteditable]");
const help = document.getElementById("keys");
const power = help.querySelector(".keys__switch");

// Single keys get in the way of speech input, so they can be switched off.
const show = (on) => (power.ariaPressed = String(on));
try {
  show(localStorage.getItem("keys") !== "off");
} catch {
  // Storage is blocked: the keys work.
}
power.addEventListener("click", () => {
  show(power.ariaPressed !== "true");
  try {
    localStorage.setItem("keys", power.ariaPressed === "true" ? "on" : "off");
  } catch {
    // The choice lasts for this page.
  }
});

const walk = (step) => {
  const links = [...document.querySelectorAll("[data-lines] .line__link")];
  if (!links.length) return;
  const opens = links[0].closest("[data-lines]").dataset.lines === "open";
  const at = opens
    ? links.findIndex((link) => link.ariaCurrent)
    : links.findIndex((link) => link.closest(".line").contains(document.activeElement));
  const next = links[Math.max(0, Math.min(links.length - 1, at + step))];
  if (opens) return next.ariaCurrent || next.click();
  next.focus();
  next.closest(".line").scrollIntoView({ block: "nearest" });
};

const find = () => {
  const box = [...document.querySelectorAll("input[type=search]")].find((each) => each.checkVisibility());
  if (!box) return location.assign("/search");
  box.focus();
  box.select();
};

// What a page offers under a letter of its own: a form to send, a box to open, a link to follow.
const press = (letter) => {
  const offered = document.querySelector(`[data-press="${letter}"]`);
  if (!offered) return null;
  return () => {
    if (offered.localName === "form") return offered.requestSubmit();
    if (offered.localName !== "details") return offered.click();
    offered.open = true;
    offered.querySelector("input:not([type=hidden]), textarea, select")?.focus();
  };
};

const acts = {
  "/": find,
  "?": () => help.showModal(),
  n: () => document.querySelector("[data-key=ask]")?.click(),
  j: () => walk(1),
  k: () => walk(-1),
};
// By place on the keyboard, so that they work in a Russian layout too.
const places = { KeyN: "n", KeyJ: "j", KeyK: "k", KeyA: "a", KeyR: "r", KeyE: "e" };

document.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
    const form = event.target.closest?.("form[data-ctrl-enter]");
    if (form) {
      event.preventDefault();
      form.requestSubmit();
    }
    return;
  }
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (power.ariaPressed === "false" || typing(event.target) || document.querySelector("dialog[open]")) return;
  const letter = event.shiftKey ? null : places[event.code];
  const act = (letter && press(letter)) ?? acts[event.key] ?? acts[letter];
  if (!act) return;
  event.preventDefault();
  act();
});

export default (item) => {
  item.hidden = false;
  item.querySelector("button").addEventListener("click", () => help.showModal());
};
