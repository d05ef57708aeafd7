// A button that copies the text beside it. Without a clipboard it stays hidden.
export default (box) => {
  const button = box.querySelector("[data-copy]");
  const status = box.querySelector("[role='status']");
  if (!button || !navigator.clipboard) return;
  button.hidden = false;
  button.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(box.querySelector("pre").textContent);
      status.textContent = box.dataset.sayCopied;
    } catch {
      const range = document.createRange();
      range.selectNodeContents(box.querySelector("pre"));
      getSelection().removeAllRanges();
      getSelection().addRange(range);
    }
  });
};
