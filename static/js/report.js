// The form to report a text opens over the text; anything odd, and the link leads to its own page.
export default (link) => {
  link.addEventListener("click", async (event) => {
    if (event.ctrlKey || event.metaKey || event.shiftKey || event.button) return;
    event.preventDefault();
    try {
      const answer = await fetch(link.href, { headers: { "X-Fragment": "1" } });
      if (!answer.ok || answer.redirected) throw new Error(answer.status);
      const dialog = document.createElement("dialog");
      dialog.className = "report stack";
      dialog.setAttribute("aria-label", link.textContent.trim());
      dialog.append(document.createRange().createContextualFragment(await answer.text()));
      dialog.querySelector("[data-close]")?.addEventListener("click", (closing) => {
        closing.preventDefault();
        dialog.close();
      });
      dialog.addEventListener("close", () => {
        dialog.remove();
        link.focus();
      });
      document.body.append(dialog);
      dialog.showModal();
    } catch {
      location.assign(link.href);
    }
  });
};
