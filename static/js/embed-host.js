// What the frame and the page around it say to each other. A word counts only from the window that
// frames us, from an origin that is on the site's list, in this form; anything else is not heard.
const CHANNEL = "otklik";
const VERSION = 1;

const isText = (value) => typeof value === "string";
const isPlain = (value) => typeof value === "object" && value !== null && !Array.isArray(value);
const text = (most) => (value) => (isText(value) ? value.slice(0, most) : undefined);
const flag = (value) => (typeof value === "boolean" ? value : undefined);
const texts = (value) => {
  if (!isPlain(value)) return undefined;
  const kept = Object.entries(value).filter(([, said]) => isText(said)).slice(0, 10);
  return Object.fromEntries(kept.map(([name, said]) => [name.slice(0, 40), said.slice(0, 200)]));
};
const words = (value) => {
  if (!isPlain(value)) return undefined;
  const { search, ask } = value;
  return {
    search: text(300)(search) ?? "",
    ask: ask === true ? "" : text(300)(ask),
  };
};

const ABOUT = { page: text(500), title: text(200), context: texts };
const SCHEMA = {
  hello: { ...ABOUT, lang: text(10), theme: text(10), open: flag, words },
  open: { ...ABOUT, words },
  close: {},
  context: ABOUT,
  identify: { token: text(8000) },
  forget: {},
};

// What was said, as it may be used; null when it is no word of ours or says something of a wrong kind.
export const read = (data) => {
  if (!isPlain(data) || data.ch !== CHANNEL || data.v !== VERSION) return null;
  if (!isText(data.t) || !Object.hasOwn(SCHEMA, data.t)) return null;
  const given = data.p ?? {};
  if (!isPlain(given)) return null;
  const taken = {};
  for (const [name, take] of Object.entries(SCHEMA[data.t])) {
    if (given[name] === undefined || given[name] === null) continue;
    taken[name] = take(given[name]);
    if (taken[name] === undefined) return null;
  }
  return [data.t, taken];
};

export const hasHost = parent !== window;

export const connect = (origins, hear) => {
  let host = "";
  const say = (t, p = {}) => {
    if (host) parent.postMessage({ ch: CHANNEL, v: VERSION, t, p }, host);
  };
  if (!hasHost) return say;
  addEventListener("message", ({ source, origin, data }) => {
    if (source !== parent || !origins.includes(origin) || (host && origin !== host)) return;
    const word = read(data);
    if (!word) return;
    host = origin;
    hear(word[0], word[1], origin);
  });
  // The one word to whoever frames us: it says nothing, and browsers let only the list frame us.
  parent.postMessage({ ch: CHANNEL, v: VERSION, t: "here", p: {} }, "*");
  return say;
};
