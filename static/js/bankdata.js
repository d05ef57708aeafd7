// What looks like bank data is shown to its writer while they type, with a button that hides it. All
// of it happens here: nothing is sent, nothing is stopped. The server hides what is left when sent.
const CARD =
  /^(?:4|5[0-8]|2(?:2[0-9]{2}|[3-6][0-9]{2}|7[01][0-9]|720)|3(?:[4689]|0[0-5]|5[2-8])|6[0-9]|8[12]|8600|9(?:804|112|051|417|860|792))/;
const ACCOUNT = /^(?:[2-9][0-9]{4}|03[12][0-9]{2})(?:810|643|840|978|826|756|156|980|933|398)/;
const WORDS = [
  ["code", /(?:cv[vc]2?|[сц]в[вц]2?|код\S* (?:на|с|со|з) (?:обрат|оборот|зворот)\S*)[^0-9]{0,25}([0-9]{3,4})(?![0-9])/gi],
  ["code", /(?:п[иі]н(?:[ -]?код)?|pin(?: code)?)[^0-9\p{L}]{1,6}([0-9]{4,6})(?![0-9])/giu],
  ["code", /(?:(?:смс|sms|push)[ -]?(?:код|code)\S*|код\S* (?:из|з|із|по) (?:смс|sms)|(?:one.time|verification) code)[^0-9]{0,20}([0-9]{4,8})(?![0-9])/gi],
  ["passport", /(?:паспорт|passport|сері[яї]|сери[яию])[^0-9]{0,30}([0-9]{2} ?[0-9]{2}[^0-9]{0,12}[0-9]{3} ?[0-9]{3})(?![0-9])/giu],
];

// The text with every digit as 0-9 and nothing invisible, and where each character of it stood.
const seen = (text) => {
  let read = "";
  const places = [];
  let at = 0;
  for (const each of text) {
    let said = each.normalize("NFKC");
    if (/^[\p{Cf}\p{Mn}]$/u.test(each)) said = "";
    else if (/^\p{Nd}$/u.test(said) && said > "9") {
      const code = said.codePointAt(0);
      let zero = code;
      while (code - zero < 9 && /\p{Nd}/u.test(String.fromCodePoint(zero - 1))) zero -= 1;
      said = String(code - zero);
    } else if (/^\p{Pd}$/u.test(said)) said = "-";
    for (let i = 0; i < said.length; i += 1) places.push(at);
    read += said;
    at += each.length;
  }
  return { read, places: [...places, at] };
};

const luhn = (digits) =>
  [...digits].reverse().reduce((sum, d, i) => sum + (i % 2 ? (d * 2 > 9 ? d * 2 - 9 : d * 2) : +d), 0) % 10 === 0;

const mod97 = (iban) =>
  [...(iban.slice(4) + iban.slice(0, 4)).toUpperCase()].reduce(
    (rest, c) => Number(`${rest}${parseInt(c, 36)}`) % 97,
    0,
  ) === 1;

// Whole groups of digits that make a card or an account, in one run.
const numbers = (run) => {
  const groups = [...run[0].matchAll(/[0-9]+/g)];
  for (let first = 0; first < groups.length; first += 1) {
    let digits = "";
    let best;
    for (let last = first; last < groups.length && digits.length < 20; last += 1) {
      digits += groups[last][0];
      const here = [run.index + groups[first].index, run.index + groups[last].index + groups[last][0].length];
      if (digits.length >= 13 && digits.length <= 19 && CARD.test(digits) && luhn(digits)) best = ["card", ...here];
      if (digits.length === 20 && ACCOUNT.test(digits)) best = ["account", ...here];
    }
    if (best) return best;
  }
};

// The first thing found: what it is, and where it stands in the text as it was typed.
export const find = (text) => {
  const { read, places } = seen(text);
  const told = ([kind, start, end]) => ({ kind, start: places[start], end: places[end] });
  for (const start of read.matchAll(/(?<![\p{L}0-9])[a-z]{2}[0-9]{2}/giu)) {
    let letters = "";
    for (let at = start.index; at < read.length && letters.length < 34; at += 1) {
      if (/[a-z0-9]/i.test(read[at])) letters += read[at];
      else if (!/[ .-]/.test(read[at])) break;
      const ends = !/[a-z0-9]/i.test(read[at + 1] ?? "");
      if (letters.length >= 15 && ends && mod97(letters)) return told(["account", start.index, at + 1]);
    }
  }
  for (const run of read.matchAll(/[0-9](?:[ \n._/·-]{0,3}[0-9]){12,}/g)) {
    const found = numbers(run);
    if (found) return told(found);
  }
  for (const [kind, pattern] of WORDS) {
    for (const found of read.matchAll(pattern)) {
      const start = found.index + found[0].lastIndexOf(found[1]);
      return told([kind, start, start + found[1].length]);
    }
  }
};

const watched = new WeakSet();
const PAUSE = 300;

export default (box) => {
  const sample = document.getElementById("hiding");
  if (!sample || watched.has(box) || box.matches("[autocomplete='one-time-code'], [name='own_numbers']")) return;
  watched.add(box);
  // There before it says anything, so that it is heard when it does.
  const place = document.createElement("div");
  place.setAttribute("role", "status");
  (box.closest(".field, .find, form > *") ?? box).after(place);
  let timer;

  const hide = () => {
    const found = find(box.value);
    if (!found) return look();
    const put = sample.dataset[`${found.kind}Mask`];
    box.setRangeText(put, found.start, found.end, "end");
    box.dispatchEvent(new Event("input", { bubbles: true }));
    look();
    box.focus();
  };

  const look = () => {
    const found = find(box.value);
    if (place.dataset.kind === (found?.kind ?? "")) return;
    place.dataset.kind = found?.kind ?? "";
    place.replaceChildren();
    if (!found) return;
    const note = sample.content.cloneNode(true);
    note.querySelector("p").textContent = sample.dataset[found.kind];
    note.querySelector("button").addEventListener("click", hide);
    place.append(note);
  };

  box.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(look, PAUSE);
  });
  look();
};
