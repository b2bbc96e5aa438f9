// Short notes at the edge of the page: that something was done, or why not.

import { draw, el } from "./dom.js";
import { button } from "./parts.js";
import { asProblem } from "./problem.js";

const SHOWN_MS = 6000;
let notes = [];
let next = 0;

/** Tell that something was done; the note goes by itself. */
export function note(text) {
  const key = add("note", [el("p", null, text)]);
  setTimeout(() => remove(key), SHOWN_MS);
}

/** Tell what went wrong; the note stays until somebody closes it. */
export function noteProblem(error) {
  const problem = asProblem(error);
  add("note is-problem", [
    el("strong", null, problem.title),
    problem.detail ? el("p", { class: "lines" }, problem.detail) : null,
    problem.nextStep ? el("p", { class: "dim" }, problem.nextStep) : null,
  ]);
}

function add(kind, content) {
  const key = `note-${(next += 1)}`;
  notes = [...notes, { key, kind, content }].slice(-4);
  show();
  return key;
}

function remove(key) {
  notes = notes.filter((one) => one.key !== key);
  show();
}

function show() {
  draw(document.getElementById("notes"), notes.map(({ key, kind, content }) =>
    el("div", { key, class: kind }, el("div", null, content),
      button("×", () => remove(key), { kind: "is-quiet", "aria-label": "Close this note" }))));
}
