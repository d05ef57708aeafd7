// The browser counts for about a second, apart from the page, and shows how far it is. Whoever
// answers the question instead need not wait; without this file the question alone is asked.
export default (box) => {
  if (!window.Worker) return;
  const { nonce, puzzles, bits, worker, sayBusy, sayDone } = box.dataset;
  const count = box.querySelector("[data-count]");
  const bar = count.querySelector("progress");
  const status = count.querySelector("[role=status]");
  const counter = new Worker(worker, { type: "module" });
  const found = [];
  counter.addEventListener("error", () => {
    count.hidden = true;
    counter.terminate();
  });
  counter.addEventListener("message", ({ data }) => {
    found.push(data);
    bar.value = found.length;
    if (found.length < Number(puzzles)) return;
    counter.terminate();
    box.querySelector("[name=challenge_work]").value = found.join(",");
    status.textContent = sayDone;
  });
  count.hidden = false;
  status.textContent = sayBusy;
  counter.postMessage({ nonce, puzzles: Number(puzzles), bits: Number(bits) });
};
