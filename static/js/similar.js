// Similar topics unfold while a question is written, to be read in place. One that helped saves the
// question; whoever goes on is not shown the same list again.
import typed, { took } from "otklik/typed";

const PASSED = "asked-anyway";

export default (place) => {
  const { watch, similarUrl: url, clicksUrl, helpedUrl } = place.dataset;
  const box = document.getElementById(watch);
  const list = place.querySelector("[data-similar-list]");
  const voice = place.querySelector("[role=status]");
  let words = "";

  const remembered = () => {
    try {
      return sessionStorage.getItem(PASSED);
    } catch {
      return null;
    }
  };
  const passed = (said) => remembered() === said;

  const show = (html, said) => {
    // What is being read stays as it is.
    if (list.contains(document.activeElement) && list.querySelector("details[open]")) return;
    words = said;
    list.innerHTML = passed(said) ? "" : html;
    voice.textContent = list.querySelector("[data-say]")?.dataset.say ?? "";
  };

  const goOn = () => {
    try {
      sessionStorage.setItem(PASSED, words);
    } catch {
      // The list may come back: a small harm.
    }
    looking.stop();
    list.replaceChildren();
    voice.textContent = "";
    const boxes = [...(box.form?.elements ?? [])].filter((each) => each.matches("input:not([type=hidden]), textarea"));
    const next = boxes[boxes.indexOf(box) + 1];
    if (next && box.value.trim()) next.focus();
    else if (next) box.focus();
    else box.form.requestSubmit();
  };

  const helped = (topic) => {
    fetch(helpedUrl, { method: "POST", body: new URLSearchParams({ q: words, topic }), keepalive: true }).catch(() => {});
    const said = list.querySelector("template[data-thanks]").content.cloneNode(true);
    said.querySelector("[data-leave]").href = list.querySelector(`a[data-topic="${topic}"]`).href;
    looking.stop();
    box.form?.dispatchEvent(new Event("helped"));
    list.replaceChildren(said);
    const notice = list.firstElementChild;
    notice.tabIndex = -1;
    notice.focus();
  };

  list.addEventListener("click", (event) => {
    const hit = event.target.closest("[data-helped], [data-anyway], a[data-topic]");
    if (!hit) return;
    if (hit.dataset.helped) helped(hit.dataset.helped);
    else if (hit.matches("a")) took(clicksUrl, words, hit.dataset.topic);
    else goOn();
  });
  // Reading an answer in place is taking it up.
  list.addEventListener(
    "toggle",
    ({ target }) => {
      if (!target.open || target.dataset.told) return;
      target.dataset.told = "yes";
      took(clicksUrl, words, target.dataset.topic);
    },
    true,
  );
  const looking = typed(box, { url, shortest: Number(place.dataset.shortest) }, show);
  looking.now();
};
