// Builds the line while one chooses, and puts the widget itself onto this page, as the line would.
const BLOCK = "otklik-preview";

export default (builder) => {
  const form = builder.querySelector("form");
  const place = builder.querySelector("[data-snippet-place]");
  const preview = builder.querySelector("[data-preview]");
  const said = builder.querySelector("[data-said]");
  const pick = form.querySelector("[data-pick]");
  let tag;
  let asked = 0;
  let timer;

  const show = () => {
    const { src, attributes, shape, off } = place.querySelector("[data-snippet-lines]").dataset;
    globalThis.Otklik?.("destroy");
    tag?.remove();
    preview.hidden = off !== undefined;
    if (preview.hidden) return;
    const block = preview.querySelector("[data-block]");
    block.id = BLOCK;
    block.hidden = shape !== "block";
    for (const each of preview.querySelectorAll("[data-try]")) each.hidden = each.dataset.try !== shape;
    tag = document.createElement("script");
    tag.async = true;
    // The path alone: the address staff come by may not be the one the bank's pages use.
    tag.src = new URL(src).pathname;
    for (const [name, value] of Object.entries(JSON.parse(attributes))) tag.setAttribute(name, value);
    if (shape === "block") tag.dataset.target = `#${BLOCK}`;
    document.body.append(tag);
  };

  const fit = () => {
    const shape = form.elements.shape.value;
    for (const each of form.querySelectorAll("[data-for]")) each.hidden = each.dataset.for !== shape;
  };

  const build = async () => {
    const mine = ++asked;
    const query = new URLSearchParams(new FormData(form));
    const answer = await fetch(`?${query}`, { headers: { "X-Fragment": "1" } }).catch(() => null);
    if (!answer || mine !== asked) return;
    // What does not fit is said beside its field, by the whole page.
    if (!answer.ok) return form.querySelector("[data-send]").removeAttribute("hidden");
    const open = [...place.querySelectorAll("details")].map((each) => each.open);
    place.replaceChildren(document.createRange().createContextualFragment(await answer.text()));
    place.querySelectorAll("details").forEach((each, i) => (each.open = open[i]));
    form.querySelector("[data-send]").hidden = true;
    said.textContent = said.dataset.say;
    show();
  };

  form.addEventListener("input", ({ target }) => {
    if (target === pick) form.elements.color.value = pick.value;
    else if (target.name === "color" && /^#[0-9a-f]{6}$/i.test(target.value)) pick.value = target.value;
    fit();
    clearTimeout(timer);
    timer = setTimeout(build, 300);
  });
  form.addEventListener("submit", (event) => {
    if (form.querySelector("[aria-invalid]")) return;
    clearTimeout(timer);
    event.preventDefault();
    build().then(() => {
      if (!form.querySelector("[data-send]").hidden) form.submit();
    });
  });
  preview.querySelector("[data-open]").addEventListener("click", () => globalThis.Otklik?.("open"));
  pick.hidden = false;
  form.querySelector("[data-send]").hidden = !form.querySelector("[aria-invalid]");
  fit();
  show();
};
