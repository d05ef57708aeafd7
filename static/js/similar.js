// Similar topics unfold while the title is typed. The list's address answers with a fragment.
export default (place) => {
  const box = document.getElementById(place.dataset.watch);
  const list = place.querySelector("[data-similar-list]");
  const voice = place.querySelector("[role=status]");
  let timer;
  let asked = "";
  let request;

  const ask = async () => {
    const words = box.value.trim();
    if (words === asked) return;
    asked = words;
    request?.abort();
    if (words.length < 10) {
      list.replaceChildren();
      return;
    }
    request = new AbortController();
    const address = new URL(place.dataset.similarUrl, location.href);
    address.searchParams.set("q", words);
    try {
      const answer = await fetch(address, {
        signal: request.signal,
        headers: { "HX-Request": "true" },
      });
      if (!answer.ok) return;
      list.innerHTML = await answer.text();
      voice.textContent = list.querySelector("[data-say]")?.dataset.say ?? "";
    } catch {
      // A newer question took over, or there is no network: the form works without the list.
    }
  };
  box.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(ask, 250);
  });
  ask();
};
