// What a form would mean, shown beside it while it is filled in. The words are the server's.
export default (section) => {
  const form = document.getElementById(section.dataset.previewForm);
  const shown = section.querySelector("[data-preview-shown]");
  const voice = section.querySelector("[role=status]");
  const button = section.querySelector("[data-preview-button]");
  let waiting;
  let asking;

  const ask = async () => {
    asking?.abort();
    asking = new AbortController();
    try {
      const answer = await fetch(section.dataset.previewUrl, {
        method: "POST",
        body: new FormData(form),
        signal: asking.signal,
        headers: { "X-Fragment": "1" },
      });
      if (!answer.ok) return;
      shown.innerHTML = await answer.text();
      voice.textContent = shown.querySelector("[data-say]")?.dataset.say ?? "";
    } catch {
      // A newer question took over, or there is no network: the form works without the preview.
    }
  };

  const soon = () => {
    clearTimeout(waiting);
    waiting = setTimeout(ask, 350);
  };

  if (button) button.hidden = true;
  for (const kind of ["input", "change"]) form.addEventListener(kind, soon);
  for (const field of section.querySelectorAll("input, select")) field.addEventListener("input", soon);
};
