// Moves the promise rings and the words of their countdowns; the server drew the first picture.
const rings = new Set();
const root = document.documentElement;
const language = root.lang;
const DAY = 1440;

const inWords = (form, number) => form.replace("0", number);
const days = (number) =>
  new Intl.NumberFormat(language, { style: "unit", unit: "day", unitDisplay: "long" }).format(number);

// The same words as the server's: two units at most, no minutes from five hours on.
export const span = (milliseconds, whole = false) => {
  let minutes = Math.floor(milliseconds / 60000);
  if (minutes < 1) return root.dataset.moment;
  if (whole && minutes >= 300) minutes -= minutes % 60;
  const { h, min } = root.dataset;
  const hours = Math.floor((minutes % DAY) / 60);
  const words = minutes >= DAY ? [days(Math.floor(minutes / DAY))] : [];
  if (hours) words.push(inWords(h, hours));
  if (minutes < DAY && minutes % 60) words.push(inWords(min, minutes % 60));
  return words.join(" ");
};

const move = (ring, now) => {
  const begun = Date.parse(ring.dataset.started);
  const due = Date.parse(ring.dataset.due);
  const left = Math.max(0, Math.min(1, (due - now) / (due - begun)));
  const arc = ring.querySelector(".ring__arc");
  const risk = ring.dataset.risk ? now >= Date.parse(ring.dataset.risk) : left <= 0.2;
  const state = left === 0 ? "overdue" : risk ? "at_risk" : "waiting";
  ring.classList.remove("is-waiting", "is-at_risk", "is-overdue");
  ring.classList.add(`is-${state}`);
  arc.setAttribute("stroke-dasharray", left ? `${left * 100} 200` : "70 30");
  arc.setAttribute("stroke-dashoffset", left ? left * 100 - 100 : -15);
};

const say = (time, now) => {
  const left = Date.parse(time.dateTime) - now;
  const { left: before, over: after } = time.dataset;
  const words = left > 0 ? before.replace("{}", span(left, true)) : after.replace("{}", span(-left));
  if (time.textContent !== words) time.textContent = words;
};

const tick = () => {
  const now = Date.now();
  for (const element of rings) {
    if (!element.isConnected) rings.delete(element);
    else if (element.dataset.due) move(element, now);
    else say(element, now);
  }
};

// Every half minute, and at the very moment when one is over.
let timer = 0;
const next = () => {
  clearTimeout(timer);
  const now = Date.now();
  const ends = [...rings].map((e) => Date.parse(e.dataset.due ?? e.dateTime) - now);
  const soonest = Math.min(30000, ...ends.filter((left) => left > 0).map((left) => left + 50));
  timer = setTimeout(() => { tick(); next(); }, soonest);
};

document.addEventListener("visibilitychange", () => document.hidden || tick());

export default (element) => {
  rings.add(element);
  if (element.dataset.due) move(element, Date.now());
  else say(element, Date.now());
  next();
};
