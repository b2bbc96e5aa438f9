// Text as people may safely read it: what has no picture of its own is shown by its number.

// Line ends and tabs are shown as such; everything else that is invisible or steers is not.
const UNSEEN = /(?![\n\t])[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Cn}\u2028\u2029\u115f\u1160\u3164\uffa0]/gu;

/** Return the mark that stands for a character: ‹U+202E›. */
function mark(character) {
  return `‹U+${character.codePointAt(0).toString(16).toUpperCase().padStart(4, "0")}›`;
}

/** Return a text with marks in place of control, bidi and other unseen characters. */
export function visible(text) {
  return String(text).replace(UNSEEN, mark);
}

/** Return the same as pieces `{ text, isMark }`, so that marks can look different. */
export function pieces(text) {
  const found = [];
  let end = 0;
  for (const match of text.matchAll(UNSEEN)) {
    if (match.index > end) found.push({ text: text.slice(end, match.index), isMark: false });
    found.push({ text: mark(match[0]), isMark: true });
    end = match.index + match[0].length;
  }
  if (end < text.length) found.push({ text: text.slice(end), isMark: false });
  return found;
}

/** Return at most `most` characters of a text, with an ellipsis where it was cut. */
export function shortened(text, most) {
  const signs = Array.from(text.slice(0, most * 2 + 2));
  return signs.length <= most ? text : `${signs.slice(0, most - 1).join("")}…`;
}
