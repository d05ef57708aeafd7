// While a colour is chosen, the page wears it; whether it can be read is the server's word.
export default (section) => {
  const field = section.querySelector("input[name=colour]");
  const pick = section.querySelector("[data-contrast-pick]");
  const shown = section.querySelector("[data-contrast-shown]");
  let waiting;
  let asking;

  const wear = () => {
    const { properties } = shown.querySelector("[data-properties]").dataset;
    for (const [name, value] of Object.entries(JSON.parse(properties))) {
      document.documentElement.style.setProperty(name, value);
    }
  };

  const ask = async () => {
    asking?.abort();
    asking = new AbortController();
    const address = `${section.dataset.contrastUrl}?colour=${encodeURIComponent(field.value)}`;
    try {
      const answer = await fetch(address, { signal: asking.signal, headers: { "X-Fragment": "1" } });
      if (answer.status !== 200) return;
      shown.innerHTML = await answer.text();
      wear();
    } catch (error) {
      if (error.name !== "AbortError") throw error;
    }
  };

  const soon = () => {
    clearTimeout(waiting);
    waiting = setTimeout(ask, 150);
  };

  pick.hidden = false;
  pick.addEventListener("input", () => {
    field.value = pick.value;
    soon();
  });
  field.addEventListener("input", () => {
    if (/^#?[0-9a-f]{6}$/i.test(field.value.trim())) {
      pick.value = `#${field.value.trim().replace("#", "").toLowerCase()}`;
      soon();
    }
  });
};
