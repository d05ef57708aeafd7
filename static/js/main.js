// Starts behaviours: each element with data-js="name" gets otklik/<name>, loaded when first seen.
// New pieces of the page (fragments, restored parts) are started as they arrive.
const started = new WeakMap();
const byItself = [
  ["[data-ring], [data-countdown]", "ring"],
  ["time[data-when], time[data-ago]", "times"],
  ["form[method='post']", "busy"],
  ["[hx-get], [hx-post], [hx-put], [hx-delete]", "htmx"],
];

const start = async (element, name) => {
  const names = started.get(element) ?? new Set();
  if (names.has(name)) return;
  started.set(element, names.add(name));
  const behaviour = await import(`otklik/${name}`);
  behaviour.default?.(element);
};

const within = (root, selector) => [
  ...(root.matches?.(selector) ? [root] : []),
  ...root.querySelectorAll(selector),
];

const look = (root) => {
  for (const element of within(root, "[data-js]")) {
    for (const name of element.dataset.js.split(" ")) start(element, name);
  }
  for (const [selector, name] of byItself) {
    for (const element of within(root, selector)) start(element, name);
  }
};

look(document);
// Whoever types three digits in a row may be about to give away a number of theirs.
addEventListener("input", ({ target }) => {
  if (!target.matches?.("textarea, input[type=text]")) return;
  if (/\p{Nd}\P{L}{0,3}\p{Nd}\P{L}{0,3}\p{Nd}/u.test(target.value)) start(target, "bankdata");
});
new MutationObserver((changes) => {
  for (const change of changes) {
    for (const node of change.addedNodes) if (node.nodeType === 1) look(node);
  }
}).observe(document.body, { childList: true, subtree: true });
