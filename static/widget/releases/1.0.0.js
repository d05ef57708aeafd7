// A button and, once pressed, Otklik's frame: no cookie, no storage, no other request.
((w, d) => {
 const T = {
  ru: ["Спросить", "непрочитанные ответы"],
  uk: ["Запитати", "непрочитані відповіді"],
  en: ["Ask", "unread answers"],
 };
 const tag = d.currentScript, was = w.Otklik || {}, all = [], calls = [], end = new AbortController();
 let said = {}, who;
 if (was.add) return was.add(tag);

 // Nothing of ours may break the page.
 const safe = (f) => async (...a) => { try { await f(...a); } catch {} };
 const when = (e, f) => w.addEventListener(e, safe(f), end);
 const each = (f, ...a) => [...all].forEach((e) => safe(e[f])(...a));
 const emit = (e, p) => calls.forEach(([name, f]) => name === e && safe(f)(p));
 const idle = (f) => {
  const soon = () => (w.requestIdleCallback || setTimeout)(safe(f));
  d.readyState === "complete" ? soon() : when("load", soon);
 };
 const here = () => {
  const { page = location.origin + location.pathname, title = d.title, ...context } = said;
  return { page, title, context };
 };
 const make = (e, set) => Object.assign(d.createElement(e), set);

 const build = (id, origin, { site, target, label, position, load, lang = d.documentElement.lang, shape = "button", theme = "auto", offset = "24", color = "#1f5f5b" }) => {
  lang = T[lang = lang.slice(0, 2)] ? lang : "en";
  const block = shape === "block", title = label || T[lang][0], [x, y = x] = offset.split(" ");
  const host = make("otklik-widget", { lang }), root = host.attachShadow({ mode: "closed" });
  const panel = make("div", !block && { id: "panel", role: "dialog", ariaLabel: title, hidden: true });
  const button = make("button", { ariaHasPopup: "dialog", ariaControlsElements: [panel] });
  const badge = make("b"), sheet = new CSSStyleSheet();
  const phone = "(max-width:479px)", frame = make("iframe", {
   title,
   sandbox: "allow-scripts allow-same-origin allow-forms allow-popups allow-popups-to-escape-sandbox",
   referrerPolicy: "no-referrer", height: block ? 0 : "100%",
   src: `${origin}/embed/${site}?lang=${lang}&theme=${theme}&shape=${shape}`,
  });
  let up = 0, asked, shown = false, before, timer;

  sheet.replaceSync(`:host{all:initial!important;display:${block ? "block" : "contents"}!important}
iframe{display:block;width:100%;border:0}
button,#panel{position:fixed;z-index:2147483647;inset-inline-${position === "left" ? "start" : "end"}:${x}px;bottom:${y}px;max-width:calc(100% - ${x}px*2);border-radius:1.5em;box-shadow:0 0 32px #0005}
button{min-height:44px;padding:.6em 1.1em;border:1px solid;font:600 medium system-ui;background:${color};color:#fff;color:lch(from ${color} calc((49.4 - l)*999) 0 0);cursor:pointer}
[aria-busy=true]{opacity:.7}
b{position:absolute;top:-.6em;inset-inline-end:0;padding:0 .4em;border-radius:1.5em;background:#c00;color:#fff}
#panel{width:400px;height:640px;max-height:calc(100% - ${y}px - 5em);margin-bottom:4em;overflow:hidden;outline:1px solid #8885}
@media${phone}{#panel:not([hidden]){all:initial;position:fixed;z-index:2147483647;inset:0}}
@media print{:host{display:none!important}}`);
  root.adoptedStyleSheets = [sheet];
  root.append(shape === "button" ? button : "", panel);
  button.append(title, badge);

  const tell = (t, p = {}) => up && frame.contentWindow.postMessage({ ch: "otklik", v: 1, t, p }, origin);
  const start = () => {
   if (!host.isConnected || frame.isConnected) return;
   panel.append(frame);
   timer = setTimeout(remove, 1e4);
  };
  // Again when a framework threw us out.
  const place = () => {
   const into = d.querySelector(block ? target : "body");
   if (host.isConnected || !into) return;
   frame.remove();
   up = 0;
   turn();
   into.append(host);
   idle(() => {
    if (block) new IntersectionObserver(([e]) => e.isIntersecting && start(), { rootMargin: "300px" }).observe(host);
    else (load || who) && start();
   });
  };
  const turn = (words) => {
   if (words) place(), start();
   const open = !!words && up > 1, inside = d.activeElement === host;
   asked = words;
   button.ariaExpanded = open;
   button.ariaBusy = !!words && !open;
   open && tell("open", { ...here(), words });
   if (open === shown) return;
   shown = open;
   panel.hidden = !open && !block;
   if (open) {
    before = d.activeElement;
    if (!block) panel.ariaModal = matchMedia(phone).matches;
    frame.focus();
   } else {
    tell("close");
    inside && (before !== host && before.isConnected ? before : button).focus();
   }
   emit(open ? "open" : "close");
  };
  const remove = () => {
   clearTimeout(timer);
   turn();
   host.remove();
   all.splice(all.indexOf(me), 1);
  };
  // A token is good once: a function gives each frame one.
  const greet = async () => {
   const me = who;
   start();
   if (up < 2 || !me) return;
   const token = me.call ? await me() : me;
   me === who && tell("identify", { token });
  };
  const heard = {
   here() {
    up = 1;
    tell("hello", { lang, theme, open: block, ...here() });
   },
   ready() {
    clearTimeout(timer);
    up = 2;
    safe(greet)();
    turn(asked);
   },
   close: () => turn(),
   size({ height }) { if (block) frame.height = height; },
   asked() {},
   unread({ count }) {
    badge.textContent = count || "";
    button.ariaLabel = title + (count ? `, ${T[lang][1]}: ${count}` : "");
   },
  };
  const hear = (e) => {
   const { ch, v, t, p } = e.data;
   if (e.source !== frame.contentWindow || e.origin !== origin || ch !== "otklik" || v !== 1) return;
   heard[t](p);
   /y|d/.test(t) && emit(t, p);
  };
  const me = { id, turn, tell, greet, hear, place, remove };
  all[block ? "push" : "unshift"](me);
  button.onclick = () => {
   button.focus();
   turn(!asked && {});
  };
  button.onkeydown = (e) => { if (e.key === "Escape") turn(); };
  return me;
 };

 const verbs = {
  open: (words = {}) => all[0].turn(words),
  close: () => all[0].turn(),
  identify(a) {
   who = a;
   a ? idle(() => each("greet")) : each("tell", "forget");
  },
  context(a) {
   said = JSON.parse(JSON.stringify(a));
   each("tell", "context", here());
  },
  on: (...a) => calls.push(a),
  destroy() {
   each("remove");
   end.abort();
   delete w.Otklik;
  },
 };
 const api = w.Otklik = safe((verb, ...a) => verbs[verb](...a));
 api.add = safe(({ src, dataset }) => {
  const id = src + JSON.stringify(dataset);
  (all.find((e) => e.id === id) || build(id, new URL(src).origin, dataset)).place();
 });
 when("message", (e) => each("hear", e));
 when("DOMContentLoaded", () => each("place"));
 api.add(tag);
 (was.q || []).forEach((a) => api(...a));
})(window, document);
