// Every request of the frame: who asks (known to this page's memory alone, never to a cookie), the
// language, and the page around it, which stands in no address.
export const told = JSON.parse(document.getElementById("embed").textContent);
export const state = { bearer: "", origin: "", page: "", title: "", context: {} };
export const base = `/embed/${encodeURIComponent(told.key)}/`;

// Whether an address is one of this frame's, to be shown in it.
export const isInside = (address) => {
  const url = new URL(address, location.href);
  return url.origin === location.origin && url.pathname.startsWith(base);
};

let refused = () => {};
// `act` is told when the frame's word counts no more.
export const onRefused = (act) => (refused = act);

const said = (text) => {
  try {
    return encodeURIComponent(text);
  } catch {
    return ""; // half a letter: the page's own mistake
  }
};

export const send = async (address, { method = "GET", body, signal, keepalive } = {}) => {
  const headers = { "X-Fragment": "1", "X-Language": told.language };
  if (state.bearer) headers.Authorization = `Bearer ${state.bearer}`;
  if (state.page) headers["X-Page"] = said(state.page);
  if (state.title) headers["X-Page-Title"] = said(state.title);
  if (body) {
    const about = { page: state.page, page_title: state.title, origin: state.origin };
    about.context = JSON.stringify(state.context);
    for (const [name, value] of Object.entries(about)) if (!body.has(name)) body.set(name, value);
  }
  const answer = await fetch(address, { method, body, signal, keepalive, headers, credentials: "omit" });
  const next = answer.headers.get("X-Bearer");
  if (next === "refused") {
    const had = state.bearer;
    state.bearer = "";
    if (had) refused();
  } else if (next) state.bearer = next;
  return answer;
};

export const post = (address, fields = {}, more = {}) =>
  send(address, { method: "POST", body: new URLSearchParams(fields), ...more });

// For the figures: nobody waits for it, and nothing comes of it when it fails.
export const tell = (what, fields = {}) =>
  post(told.uses, { what, ...fields }, { keepalive: true }).catch(() => {});
