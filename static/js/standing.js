// A promise passes from one state to the next before the reader's eyes: at that instant the page is
// asked anew and this piece of it put in place, so that its words are always the server's own.
const LONGEST = 2 ** 31 - 1;
const PATIENCE = 5000;

const fresh = async (id) => {
  const answer = await fetch(location.href, { headers: { Accept: "text/html" } });
  if (!answer.ok) return null;
  return new DOMParser().parseFromString(await answer.text(), "text/html").getElementById(id);
};

const wait = (section, least = 0) => {
  const now = Date.now();
  const turns = section.dataset.turns.split(" ").map(Date.parse);
  // A turn is shown from the moment after it.
  const next = Math.min(...turns.filter((turn) => turn + 1000 > now).map((turn) => turn + 1000));
  if (next !== Infinity) setTimeout(() => turn(section), Math.min(Math.max(next - now, least), LONGEST));
};

const turn = async (section) => {
  if (!section.isConnected) return;
  let found = null;
  try {
    found = await fresh(section.id);
  } catch {
    // Out of reach: the ring and the countdown have moved by themselves.
  }
  if (found) {
    section.className = found.className;
    section.dataset.turns = found.dataset.turns ?? "";
    section.replaceChildren(...found.childNodes);
  }
  wait(section, PATIENCE);
};

export default (section) => wait(section);
