// What somebody types, as it is typed: after a pause the place's address is asked for a fragment,
// and an answer that a newer question has overtaken is never shown.
const PAUSE = 200;

// `send` asks in place of the browser's own fetch, for whom it must say more.
export default (box, { url, shortest, send = fetch, ...more }, show) => {
  let timer;
  let asked = "";
  let request;

  const ask = async () => {
    const words = box.value.trim();
    if (words === asked) return;
    asked = words;
    request?.abort();
    if (words.length < shortest) return show("", words);
    const mine = (request = new AbortController());
    const address = new URL(url, location.href);
    for (const [name, value] of Object.entries({ q: words, ...more })) address.searchParams.set(name, value);
    try {
      const answer = await send(address, { signal: mine.signal, headers: { "HX-Request": "true" } });
      const html = answer.ok ? await answer.text() : "";
      if (mine === request) show(html, words);
    } catch {
      // A newer question took over, or there is no network: the box works by itself.
    }
  };
  box.addEventListener("input", (event) => {
    clearTimeout(timer);
    if (!event.isComposing) timer = setTimeout(ask, PAUSE);
  });
  box.addEventListener("compositionend", () => (timer = setTimeout(ask, PAUSE)));
  return {
    now: () => {
      asked = "";
      return ask();
    },
    // Whatever is on its way is not wanted any more.
    stop: () => {
      clearTimeout(timer);
      request?.abort();
      request = null;
      asked = box.value.trim();
    },
  };
};

// Which topic somebody took up, for those words; sent even while the page is being left.
export const took = (url, q, topic) => {
  if (url && topic) navigator.sendBeacon(url, new URLSearchParams({ q, topic }));
};
