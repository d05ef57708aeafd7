// The widget's frame: a search box, what people ask here most, answers read in place, one's own
// questions, asking. Without a page around it, opened by itself, it does all the same for a guest.
import { connect, hasHost } from "otklik/embed-host";
import keys from "otklik/embed-keys";
import { onRefused, post, send, state, tell, told } from "otklik/embed-net";
import { back, everywhere, onShow, open, shown, toHome } from "otklik/embed-views";
import typed from "otklik/typed";

const SOON = 60_000;
const at = (id) => document.getElementById(id);
const [box, found, start, voice, foot, ask] = ["seek", "found", "start", "voice", "foot", "ask"].map(at);
const isBlock = told.shape === "block";
const isDialog = hasHost && !isBlock;
const words = () => box.value.trim();

// The first screen, anew for each page of the host and for whoever it is.
let latest = 0;
const begin = async () => {
  const mine = (latest += 1);
  const html = await post(told.start).then((answer) => (answer.ok ? answer.text() : ""), () => "");
  if (mine !== latest) return;
  const held = start.contains(document.activeElement) ? document.activeElement.getAttribute("href") : null;
  start.innerHTML = html;
  start.ariaBusy = null;
  if (held) (start.querySelector(`a[href="${CSS.escape(held)}"]`) ?? box).focus();
};

// While typing. What was looked for is counted once, however long it was typed.
let searched = false;
const show = (html, said) => {
  const looks = said.length >= told.shortest;
  if (!said) searched = false;
  found.hidden = !looks;
  start.hidden = looks;
  found.innerHTML = looks ? html : "";
  if (looks && !html) found.append(at("none").content.cloneNode(true));
  voice.textContent = looks ? found.querySelector("[data-say]")?.dataset.say ?? found.textContent.trim() : "";
  if (!looks || searched) return;
  searched = true;
  tell("searched");
};
const looking = typed(box, { url: told.answers, shortest: told.shortest, send }, show);
at("seeking").addEventListener("submit", (event) => {
  event.preventDefault();
  looking.now();
});

// Asking carries on what was typed.
const toAsk = (said = words(), opener = ask) => open(`${told.ask}?${new URLSearchParams({ words: said })}`, opener);
ask.addEventListener("click", (event) => {
  event.preventDefault();
  toAsk();
});
document.addEventListener(
  "click",
  (event) => {
    const hit = event.target.closest?.("[data-ask], [data-helped], .tip");
    if (!hit) return;
    if (hit.matches(".tip")) {
      if (found.contains(hit)) tell("read", { q: words(), topic: hit.dataset.topic });
      return;
    }
    event.preventDefault();
    if (hit.matches("[data-ask]")) return toAsk(words(), hit);
    tell("helped", { q: words(), topic: hit.dataset.helped });
    const thanks = at("thanks").content.firstElementChild.cloneNode(true);
    hit.closest("[data-help]").replaceWith(thanks);
    thanks.tabIndex = -1;
    thanks.focus();
  },
  true,
);

// Words of the page around.
let counted = null;
const wasOpened = () => {
  if (counted === state.page) return;
  counted = state.page;
  tell("opened");
};
const follow = ({ page, title, context }) => {
  const before = JSON.stringify([state.page, state.title]);
  if (page !== undefined) state.page = page;
  if (title !== undefined) state.title = title;
  if (context !== undefined) state.context = context;
  return before !== JSON.stringify([state.page, state.title]);
};
const wake = (given) => {
  if (given?.ask !== undefined) return toAsk(given.ask, box);
  if (given?.search) {
    toHome();
    box.value = given.search;
    looking.now();
  }
  // Whoever was at something here goes on with it.
  if (document.hasFocus() && document.activeElement !== document.body) return;
  if (shown()) (shown().querySelector("h1[tabindex]") ?? at("main")).focus();
  else box.focus();
};

const askUnread = async () => {
  if (!state.bearer) return;
  const answer = await send(told.unread).catch(() => null);
  if (answer?.ok) say("unread", { count: (await answer.json()).unread });
};
const identify = async (token, origin) => {
  if (!token) return;
  const answer = await post(told.identify, { token, origin }).catch(() => null);
  if (!answer?.ok) return;
  const { bearer, unread } = await answer.json();
  state.bearer = bearer;
  say("unread", { count: unread });
  begin();
};
const forget = () => {
  state.bearer = "";
  toHome();
  start.replaceChildren();
  say("unread", { count: 0 });
  begin();
};

const hear = (name, given, origin) => {
  state.origin = origin;
  if (name === "close") document.activeElement?.blur();
  if (name === "identify") identify(given.token, origin);
  if (name === "forget") forget();
  if (name === "context" && follow(given)) begin();
  if (name === "hello") {
    follow(given);
    say("ready");
    measure();
    begin();
    if (given.open && !isBlock) wasOpened();
    if (given.words) wake(given.words);
  }
  if (name === "open") {
    if (follow(given)) begin();
    wasOpened();
    wake(given.words);
  }
};

// A block is as high as what is in it.
const measure = () => {
  if (isBlock) say("size", { height: Math.ceil(document.body.getBoundingClientRect().height) });
};
const say = connect(told.origins, hear);
if (isBlock) {
  new ResizeObserver(measure).observe(document.body);
  addEventListener("focusin", wasOpened, { once: true });
}

onShow((view) => {
  if (view?.dataset.said === "asked" && !view.dataset.told) {
    view.dataset.told = "yes";
    say("asked", { waits: view.dataset.waits !== undefined });
    // What was typed to look for it has been asked.
    box.value = "";
    looking.stop();
    show("", "");
    begin();
  }
  if (view?.dataset.seen && !view.dataset.told) {
    view.dataset.told = "yes";
    const lines = everywhere(`.tip--new[data-topic="${view.dataset.topic}"]`);
    post(view.dataset.seen).then(() => {
      for (const line of lines) {
        line.classList.remove("tip--new");
        line.querySelector("[data-new]").remove();
      }
      askUnread();
      begin();
    }, () => {});
  }
});

// What is begun is kept on this device; leaving the bank's page is nothing to stop anybody at.
addEventListener("beforeunload", (event) => event.stopImmediatePropagation(), true);
// What the bank's site said holds for two hours; then it is asked to say it again.
onRefused(() => say("here"));
keys({
  isDialog,
  leave: () => {
    if (isDialog) say("close");
    else back();
  },
});
at("close").hidden = !isDialog;
at("close").addEventListener("click", () => say("close"));
foot.hidden = false;
setInterval(() => document.hidden || askUnread(), SOON);
if (!hasHost) begin();
