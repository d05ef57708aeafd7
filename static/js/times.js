// Puts instants into the zone of the reader's browser, unless the page was already made in it.
const { lang: language, dataset } = document.documentElement;
// The day before the month, as the server writes it.
const lang = language === "en" ? "en-GB" : language;
const here = Intl.DateTimeFormat().resolvedOptions().timeZone;
const relative = new Intl.RelativeTimeFormat(lang, { numeric: "auto" });
const exactly = new Intl.RelativeTimeFormat(lang);
const hour = new Intl.DateTimeFormat(lang, { hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
const whole = new Intl.DateTimeFormat(lang, { dateStyle: "long", timeStyle: "short" });
const ages = new Set();

const midnight = (at) => new Date(at.getFullYear(), at.getMonth(), at.getDate());

const when = (at) => {
  const days = Math.round((midnight(at) - midnight(new Date())) / 86400000);
  const thisYear = at.getFullYear() === new Date().getFullYear();
  const date = { day: "numeric", month: "long", year: thisYear ? undefined : "numeric" };
  const day =
    Math.abs(days) < 2 ? relative.format(days, "day") : at.toLocaleDateString(lang, date);
  return `${day}, ${hour.format(at)}`;
};

const steps = [["minute", 60], ["hour", 3600], ["day", 86400], ["week", 604800]];
const age = (time) => {
  const seconds = (Date.now() - Date.parse(time.dateTime)) / 1000;
  if (seconds < 60 || seconds > 30 * 86400) return;
  const [unit, size] = steps.findLast((step) => seconds >= step[1]);
  time.textContent = exactly.format(-Math.round(seconds / size), unit);
};

setInterval(() => {
  for (const time of ages) time.isConnected ? age(time) : ages.delete(time);
}, 60000);

export default (time) => {
  const at = new Date(time.dateTime);
  if (dataset.zone !== here && !("zoneChosen" in dataset)) {
    if ("when" in time.dataset) time.textContent = when(at);
    time.title = whole.format(at);
  }
  if ("ago" in time.dataset) ages.add(time);
};
