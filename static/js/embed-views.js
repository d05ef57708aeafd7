// What is shown in the frame: the first screen, and views over it that are read, sent and left again;
// whoever goes back finds the focus and the place where they were.
import { base, isInside, send } from "otklik/embed-net";

const home = document.getElementById("home");
const stage = document.getElementById("stage");
const backwards = document.getElementById("back");
const foot = document.getElementById("foot");
const stack = [];
const listeners = [];
let turn = 0;

// `heard(view)` is told of every view that is shown, null for the first screen.
export const onShow = (heard) => listeners.push(heard);
export const shown = () => stack.at(-1)?.view ?? null;
// Those of the first screen and of all views over it, the one in sight or not.
export const everywhere = (selector) =>
  [home, ...stack.map((each) => each.view)].flatMap((place) => [...place.querySelectorAll(selector)]);

const outward = (view) => {
  for (const link of view.querySelectorAll("a[href]")) {
    if (link.getAttribute("href").startsWith("#") || isInside(link.href)) continue;
    link.target = "_blank";
    link.rel = "noopener";
  }
};
const sample = (name) => document.getElementById(name).content.firstElementChild.cloneNode(true);
const made = (html) => {
  const box = document.createElement("template");
  box.innerHTML = html;
  const view = box.content.querySelector("[data-view]") ?? sample("lost");
  outward(view);
  return view;
};
const look = () => {
  const view = shown();
  home.hidden = Boolean(view);
  stage.hidden = !view;
  backwards.hidden = !view;
  foot.hidden = view?.dataset.view === "ask" || view?.dataset.said !== undefined;
  // The others lie aside: two of them may give their boxes the same names.
  stage.replaceChildren(...(view ? [view] : []));
  for (const heard of listeners) heard(view);
};
const enter = (view) => {
  const target = view.querySelector("[autofocus]") ?? view.querySelector("h1[tabindex]") ?? view;
  if (target === view) view.tabIndex = -1;
  scrollTo(0, 0);
  target.focus({ preventScroll: target.matches("h1") });
};
const busy = (element, yes) => element?.toggleAttribute("data-busy", yes);

// Asks for a fragment; the view that comes of it, or what there is to say instead.
const ask = async (address, more) => {
  try {
    const answer = await send(address, more);
    if (answer.status === 404 || answer.status === 410) return sample("gone");
    if (answer.status >= 500) return null;
    if (answer.status === 204) return undefined;
    return made(await answer.text());
  } catch {
    return null;
  }
};

export const open = async (address, opener = document.activeElement) => {
  const mine = (turn += 1);
  busy(opener, true);
  const found = await ask(address);
  busy(opener, false);
  if (mine !== turn || found === undefined) return;
  const view = found ?? sample("lost");
  view.querySelector("[data-again]")?.addEventListener("click", () => {
    back();
    open(address, opener);
  });
  stack.push({ view, opener, at: scrollY });
  look();
  enter(view);
};

export const back = () => {
  turn += 1;
  const left = stack.pop();
  if (!left) return false;
  look();
  scrollTo(0, left.at);
  const opener = left.opener?.isConnected ? left.opener : document.getElementById(left.opener?.id);
  (opener?.checkVisibility?.() ? opener : document.getElementById("seek")).focus({ preventScroll: true });
  return true;
};

export const toHome = () => {
  turn += 1;
  stack.length = 0;
  look();
  scrollTo(0, 0);
};

// A form takes its own view's place with what comes back; when nothing comes, the text stays.
const submit = async (form, submitter) => {
  if (form.ariaBusy === "true") return;
  form.ariaBusy = "true";
  submitter?.setAttribute("aria-busy", "true");
  const view = form.closest("[data-view]");
  const body = new FormData(form, submitter);
  // Whatever has no file in it goes as plain fields do.
  const plain = [...body.values()].every((each) => typeof each === "string" || !each.size);
  if (plain) for (const [name, each] of [...body]) if (typeof each !== "string") body.delete(name);
  const next = await ask(submitter?.getAttribute("formaction") || form.getAttribute("action"), {
    method: "POST",
    body: plain ? new URLSearchParams(body) : body,
  });
  form.ariaBusy = null;
  submitter?.removeAttribute("aria-busy");
  const place = stack.find((each) => each.view === view);
  if (next === undefined || !place) return;
  view.querySelector(".embed__unsent")?.remove();
  if (next === null) {
    const note = sample("unsent");
    note.classList.add("embed__unsent");
    form.append(note);
    return;
  }
  form.dispatchEvent(new Event("helped")); // no question is asked on leaving
  if (next.dataset.said !== undefined && form.dataset.draftKey) {
    // The draft of what was sent is let go.
    const done = document.createElement("span");
    Object.assign(done.dataset, { js: "draft", sent: form.dataset.draftKey });
    done.hidden = true;
    next.append(done);
  }
  place.view = next;
  look();
  if (place === stack.at(-1)) enter(next);
};

document.addEventListener("click", (event) => {
  const { target, ctrlKey, metaKey, shiftKey, altKey, button } = event;
  if (event.defaultPrevented || button || ctrlKey || metaKey || shiftKey || altKey) return;
  const hit = target.closest?.("a[href], [data-home]");
  if (!hit) return;
  if (hit.getAttribute("href")?.startsWith("#")) {
    // To a box of this view; an entry in the host page's history would lead nowhere.
    event.preventDefault();
    document.getElementById(decodeURIComponent(hit.hash.slice(1)))?.focus();
  } else if (hit.matches("[data-home]")) {
    event.preventDefault();
    toHome();
    document.getElementById("seek").focus();
  } else if (!hit.target && isInside(hit.href)) {
    event.preventDefault();
    open(hit.href, hit);
  }
});
document.addEventListener("submit", (event) => {
  const address = event.submitter?.getAttribute("formaction") || event.target.getAttribute("action") || "";
  if (event.defaultPrevented || !address.startsWith(base)) return;
  event.preventDefault();
  submit(event.target, event.submitter);
});
backwards.addEventListener("click", back);
