// A small Markdown toolbar: marks around the selection, pictures by paste or drop, a preview.
const around = { bold: ["**", "**"], italic: ["*", "*"] };
const before = { list: "- ", quote: "> " };
const keys = { KeyB: "bold", KeyI: "italic", KeyK: "link" };

export default (editor) => {
  const { previewUrl, uploadUrl, limit, ...say } = editor.dataset;
  const area = editor.querySelector("textarea");
  const bar = editor.querySelector("[role=toolbar]");
  const shown = editor.querySelector(".editor__shown");
  const status = editor.querySelector("[role=status]");
  const picker = editor.querySelector("input[type=file]");
  const progress = editor.querySelector("progress");
  const tell = (words, value = "") => (status.textContent = words.replace("{}", value));

  // execCommand is the one way that keeps the browser's own undo.
  const put = (text, from = area.selectionStart, to = area.selectionEnd) => {
    area.focus();
    area.setSelectionRange(from, to);
    if (!document.execCommand("insertText", false, text)) {
      area.setRangeText(text, from, to, "end");
      area.dispatchEvent(new Event("input", { bubbles: true }));
    }
  };

  const wrap = (left, right) => {
    const { selectionStart: from, selectionEnd: to, value } = area;
    const text = value.slice(from, to);
    const inside = value.slice(from - left.length, from) === left && value.slice(to, to + right.length) === right;
    if (inside) {
      put(text, from - left.length, to + right.length);
      area.setSelectionRange(from - left.length, to - left.length);
    } else {
      put(left + text + right);
      area.setSelectionRange(from + left.length, to + left.length);
    }
  };

  const prefix = (mark) => {
    const { selectionStart, selectionEnd, value } = area;
    const from = value.lastIndexOf("\n", selectionStart - 1) + 1;
    const next = value.indexOf("\n", selectionEnd);
    const to = next < 0 ? value.length : next;
    const rows = value.slice(from, to).split("\n");
    const marked = rows.every((row) => row.startsWith(mark));
    put(rows.map((row) => (marked ? row.slice(mark.length) : mark + row)).join("\n"), from, to);
  };

  const link = () => {
    const { selectionStart: from, selectionEnd: to, value } = area;
    const text = value.slice(from, to);
    if (/^https?:\/\/\S+$/.test(text)) {
      put(`[](${text})`);
      area.setSelectionRange(from + 1, from + 1);
    } else {
      put(`[${text}](https://)`);
      const at = from + text.length + 3;
      area.setSelectionRange(at, at + 8);
    }
  };

  const code = () => {
    const text = area.value.slice(area.selectionStart, area.selectionEnd);
    if (text.includes("\n")) put(`\`\`\`\n${text}\n\`\`\`\n`);
    else wrap("`", "`");
  };

  const toggle = async (button) => {
    const on = button.ariaPressed !== "true";
    if (on) {
      const body = new FormData();
      body.set("text", area.value);
      try {
        const answer = area.value.trim() && (await fetch(previewUrl, { method: "POST", body }));
        if (answer && !answer.ok) throw new Error(answer.status);
        if (answer) shown.innerHTML = await answer.text();
        else shown.textContent = say.sayEmpty;
      } catch {
        tell(say.sayOffline);
        return;
      }
    }
    button.ariaPressed = String(on);
    area.hidden = on;
    shown.hidden = !on;
    for (const other of bar.querySelectorAll("[data-do]")) if (other !== button) other.disabled = on;
    (on ? shown : area).focus();
  };

  const send = (file) =>
    new Promise((done) => {
      const body = new FormData();
      body.set("file", file);
      const request = new XMLHttpRequest();
      request.open("POST", uploadUrl);
      request.setRequestHeader("Accept", "application/json");
      request.responseType = "json";
      request.upload.addEventListener("progress", (event) => (progress.value = (100 * event.loaded) / event.total));
      request.addEventListener("loadend", () => {
        const { url, error } = request.response ?? {};
        if (url) {
          const start = area.selectionStart && area.value[area.selectionStart - 1] !== "\n" ? "\n\n" : "";
          put(`${start}![${file.name.replace(/\.\w+$/, "").replace(/[[\]\\]/g, "")}](${url})\n`);
          tell(say.sayUploaded, file.name);
        } else if (error) tell(error);
        else tell(request.status ? say.sayFailed : say.sayOffline, file.name);
        done();
      });
      progress.value = 0;
      tell(say.sayUploading, file.name);
      request.send(body);
    });

  const upload = async (files) => {
    progress.hidden = false;
    editor.ariaBusy = "true";
    for (const file of files) await send(file);
    progress.hidden = true;
    editor.ariaBusy = null;
  };

  const act = (name, button) => {
    if (around[name]) wrap(...around[name]);
    else if (before[name]) prefix(before[name]);
    else if (name === "link") link();
    else if (name === "code") code();
    else if (name === "image") picker.click();
    else toggle(button);
  };

  bar.addEventListener("click", (event) => {
    const button = event.target.closest("[data-do]");
    if (button) act(button.dataset.do, button);
  });
  // One stop for Tab; arrows walk inside the toolbar.
  const buttons = [...bar.querySelectorAll("[data-do]")];
  const stop = (button) => buttons.forEach((each) => (each.tabIndex = each === button ? 0 : -1));
  bar.addEventListener("focusin", (event) => stop(event.target.closest("[data-do]")));
  bar.addEventListener("keydown", (event) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!step) return;
    event.preventDefault();
    const live = buttons.filter((button) => !button.disabled);
    live.at((live.indexOf(document.activeElement) + step) % live.length).focus();
  });
  stop(buttons[0]);
  bar.hidden = false;

  area.addEventListener("keydown", (event) => {
    const name = keys[event.code];
    if (!name || !(event.ctrlKey || event.metaKey) || event.shiftKey || event.altKey) return;
    event.preventDefault();
    act(name);
  });
  area.addEventListener("input", () => {
    const left = limit - area.value.length;
    if (left < 500) tell(say.sayLeft, left);
    else if (status.textContent) tell("");
  });

  if (!uploadUrl) return;
  const pictures = (list) => [...(list ?? [])].filter((file) => /^image\/|\.hei[cf]$/i.test(file.type || file.name));
  const take = (event, list) => {
    const files = pictures(list);
    if (!files.length) return;
    event.preventDefault();
    upload(files);
  };
  picker.addEventListener("change", () => {
    upload(pictures(picker.files)).then(() => (picker.value = ""));
  });
  area.addEventListener("paste", (event) => take(event, event.clipboardData?.files));
  area.addEventListener("drop", (event) => take(event, event.dataTransfer?.files));
  area.addEventListener("dragover", () => editor.classList.add("is-over"));
  for (const name of ["dragleave", "drop"]) area.addEventListener(name, () => editor.classList.remove("is-over"));
};
