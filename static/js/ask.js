// The ask form knows who will answer: the button says the name, and until somebody chooses, the
// words choose the category. A list of similar topics that was shown is not shown again.
export default (form) => {
  const buttons = document.querySelectorAll("[data-ask-button]");
  const plain = form.querySelector("[data-ask-button] span").textContent;
  const chosen = (name) => form.querySelector(`[name=${name}]:checked`);
  let byHand = Boolean(chosen("category_id"));
  let timer;
  let asked = "";

  const name = () => {
    const sentence = buttons[0].dataset[chosen("kind")?.value] ?? plain;
    const who = chosen("category_id")?.closest("label").querySelector("[data-name]")?.dataset.name;
    const words = who || !sentence.includes("{}") ? sentence.replace("{}", who) : plain;
    for (const button of buttons) button.querySelector("span").textContent = words;
    // Where the categories are folded away, the line above them names the chosen one.
    const whom = chosen("category_id")?.closest("label").querySelector("[data-whom]");
    const told = form.querySelector("[data-ask-whom]");
    if (told && whom) told.textContent = whom.dataset.whom;
  };
  const suggest = async () => {
    const text = `${form.elements.title.value} ${form.elements.body.value}`.trim().slice(0, 500);
    if (byHand || !form.dataset.suggestUrl || text.length < 10 || text === asked) return;
    asked = text;
    const address = new URL(form.dataset.suggestUrl, location.href);
    address.searchParams.set("q", text);
    const answer = await fetch(address).then((found) => (found.ok ? found.json() : {}), () => ({}));
    const radio = form.querySelector(`[name=category_id][value="${answer.category_id}"]`);
    if (byHand || !radio) return;
    radio.checked = true;
    name();
  };

  form.classList.add("is-live");
  form.addEventListener("change", (event) => {
    if (event.target.name === "category_id") byHand = true;
    name();
  });
  form.addEventListener("input", (event) => {
    if (event.target.name !== "title" && event.target.name !== "body") return;
    clearTimeout(timer);
    timer = setTimeout(suggest, 600);
  });
  const list = form.querySelector("[data-similar-list]");
  if (list) {
    new MutationObserver(() => {
      if (list.querySelector("[data-count]")) form.elements.seen_similar.value = "1";
    }).observe(list, { childList: true });
  }
  name();
  suggest();
};
