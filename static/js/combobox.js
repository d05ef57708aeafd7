// What a search box offers (see seek.js): past topics in a listbox. The focus never leaves the box,
// its words stay as they are, and without a choice Enter searches as ever.
import typed, { took } from "otklik/typed";

export default (form) => {
  const box = form.querySelector("input[type=search]");
  const { seekUrl: url, clicksUrl, none } = form.dataset;
  const list = form.querySelector("[role=listbox]");
  const voice = document.createElement("p");
  voice.className = "vh";
  voice.role = "status";
  list.after(voice);

  let words = "";
  let at = -1;
  const hits = () => [...list.querySelectorAll("[role=option]")];

  const choose = (next) => {
    hits()[at]?.setAttribute("aria-selected", "false");
    at = next;
    const hit = hits()[at];
    if (!hit) return box.removeAttribute("aria-activedescendant");
    hit.setAttribute("aria-selected", "true");
    box.setAttribute("aria-activedescendant", hit.id);
    hit.scrollIntoView({ block: "nearest" });
  };
  const open = (yes) => {
    choose(-1);
    list.hidden = !yes;
    box.ariaExpanded = String(yes);
  };
  const show = (html, said) => {
    if (document.activeElement !== box) return;
    const had = !list.hidden;
    words = said;
    list.innerHTML = html;
    hits().forEach((hit, n) => (hit.id = `${list.id}-${n}`));
    open(hits().length > 0);
    voice.textContent = list.querySelector("[data-say]")?.dataset.say ?? (had ? none : "");
  };
  const go = (hit, aside) => {
    took(clicksUrl, words, hit.dataset.topic);
    if (aside) return window.open(hit.dataset.href, "_blank", "noopener");
    location.assign(hit.dataset.href);
  };
  const close = () => {
    looking.stop();
    open(false);
    voice.textContent = "";
  };

  const keys = {
    ArrowDown: () => (list.hidden ? (hits().length ? open(true) : looking.now()) : choose(at + 1 < hits().length ? at + 1 : -1)),
    ArrowUp: () => (list.hidden ? open(true) : choose(at < 0 ? hits().length - 1 : at - 1)),
    Home: () => choose(0),
    End: () => choose(hits().length - 1),
    Enter: () => go(hits()[at]),
    Escape: close,
  };
  box.addEventListener("keydown", (event) => {
    const shown = !list.hidden;
    const can = { ArrowDown: true, ArrowUp: hits().length, Home: at >= 0, End: at >= 0, Enter: shown && at >= 0, Escape: shown };
    const plain = !(event.ctrlKey || event.metaKey || event.altKey || event.shiftKey || event.isComposing);
    if (!plain || !can[event.key]) return;
    event.preventDefault();
    keys[event.key]();
  });
  // The pointer takes no focus away, be it on an option or on the list's own scroll bar.
  list.addEventListener("mousedown", (event) => event.preventDefault());
  for (const kind of ["click", "auxclick"]) {
    list.addEventListener(kind, (event) => {
      const hit = event.target.closest("[role=option]");
      if (hit && event.button < 2) go(hit, event.button === 1 || event.ctrlKey || event.metaKey);
    });
  }
  box.addEventListener("blur", close);
  form.addEventListener("submit", close);
  const looking = typed(box, { url, shortest: Number(form.dataset.shortest), shape: "options" }, show);
  if (box.value !== box.defaultValue) looking.now();
};
