// Text is never lost: kept on this device at once and on the server soon after, brought back with a
// note, and leaving with unsent text asks. `data-sent` on a later page says it was published.
const WEEK = 7 * 86400000;
const place = (key) => `draft:${key}`;

const read = (key) => {
  try {
    const kept = JSON.parse(localStorage.getItem(place(key)));
    return kept && Date.now() - kept.at < WEEK ? kept.fields : null;
  } catch {
    return null;
  }
};
const write = (key, fields) => {
  try {
    if (fields) localStorage.setItem(place(key), JSON.stringify({ at: Date.now(), fields }));
    else localStorage.removeItem(place(key));
    return true;
  } catch {
    return false;
  }
};

const texts = (form) =>
  [...form.elements].filter(
    (each) => each.name && (each.matches("textarea") || /^(text|search|url)$/.test(each.type)),
  );

export default (form) => {
  if (form.dataset.sent) return write(form.dataset.sent, null);
  const { draftUrl, draftKey: key } = form.dataset;
  const note = form.querySelector("[data-draft-note]");
  const discard = form.querySelector("[data-draft-discard]");
  const status = form.querySelector("[data-draft-status]");
  const boxes = texts(form);
  let dirty = false;
  let leaving = false;
  let timer;

  const kept = read(key);
  const lost = kept && boxes.filter((box) => !box.value && kept[box.name]);
  if (lost?.length) {
    for (const box of lost) {
      box.value = kept[box.name];
      box.dispatchEvent(new Event("input", { bubbles: true }));
    }
    if (note) note.hidden = false;
  }

  const save = async () => {
    const local = write(key, Object.fromEntries(boxes.map((box) => [box.name, box.value])));
    let sent = false;
    if (draftUrl) {
      const body = new FormData(form);
      for (const box of form.querySelectorAll("input[type=file], input[type=password]")) body.delete(box.name);
      sent = await fetch(draftUrl, { method: "POST", body, keepalive: true }).then((answer) => answer.ok, () => false);
    }
    if (status && (sent || local)) status.textContent = sent ? status.dataset.saySaved : status.dataset.sayLocal;
  };

  form.addEventListener("input", () => {
    leaving = false;
    dirty = boxes.some((box) => box.value.trim());
    if (status) status.textContent = "";
    clearTimeout(timer);
    timer = setTimeout(save, 1200);
  });
  form.addEventListener("submit", () => {
    clearTimeout(timer);
    leaving = true;
  });
  // A past answer helped: the text stays kept, and nobody is asked twice.
  form.addEventListener("helped", () => (leaving = true));
  addEventListener("pageshow", () => (leaving = false));
  addEventListener("pagehide", () => {
    if (dirty && !leaving) write(key, Object.fromEntries(boxes.map((box) => [box.name, box.value])));
  });
  addEventListener("beforeunload", (event) => {
    if (dirty && !leaving) event.preventDefault();
  });
  if (discard) {
    discard.hidden = false;
    const words = discard.textContent;
    let before = null; // what was thrown away, as long as this page is open
    discard.addEventListener("click", () => {
      const back = before;
      before = back ? null : boxes.map((box) => box.value);
      boxes.forEach((box, at) => {
        box.value = back ? back[at] : "";
      });
      discard.textContent = back ? words : discard.dataset.undo;
      clearTimeout(timer);
      dirty = Boolean(back);
      save().then(() => back || write(key, null));
    });
  }
};
