// Pieces that every page is made of.

import { el } from "./dom.js";
import { asProblem } from "./problem.js";

/** Describe a part of a page under its heading. `beside` stands at the heading's other end. */
export function card(title, { beside = null, key = undefined, wide = false } = {}, ...content) {
  const id = `card-${title.toLowerCase().replace(/\W+/g, "-")}`;
  return el(
    "section",
    { class: wide ? "card is-wide" : "card", "aria-labelledby": id, key },
    el("div", { class: "card-head" }, el("h2", { id }, title), beside),
    content,
  );
}

/**
 * Describe a table. `columns` have `title`, `cell(row)` and, if you like, `class`; `key(row)` tells
 * rows apart. On a narrow screen each row becomes a card whose lines repeat the titles.
 */
export function table(caption, columns, rows, key) {
  return el(
    "div",
    { class: "table-box" },
    el(
      "table",
      { class: "table", role: "table" },
      el("caption", { class: "unseen-label" }, caption),
      // Told as roles, too: a row that is laid out as a card is no row for a screen reader else.
      el("thead", { role: "rowgroup" }, el("tr", { role: "row" }, columns.map((one) =>
        el("th", { scope: "col", role: "columnheader", class: one.class ?? "" }, one.head ?? one.title)))),
      el("tbody", { role: "rowgroup" }, rows.map((row) =>
        el("tr", { role: "row", key: key(row) }, columns.map((one) =>
          el("td", { class: one.class ?? "", role: "cell", "data-title": one.title }, one.cell(row)))),
      )),
    ),
  );
}

/** Describe that there is nothing, and why that may be. */
export function nothing(...words) {
  return el("p", { class: "nothing" }, words);
}

/** Describe what went wrong: what, why, and what to do next. */
export function problemBox(error) {
  const problem = asProblem(error);
  return el(
    "div",
    { class: "problem", role: "alert" },
    el("strong", null, problem.title),
    problem.detail ? el("p", { class: "lines" }, problem.detail) : null,
    problem.faults.length > 1 ? el("ul", null, problem.faults.map((one) => el("li", null, one))) : null,
    problem.nextStep ? el("p", { class: "dim" }, problem.nextStep) : null,
  );
}

/** Describe a button. */
export function button(label, press, { kind = "", disabled = false, ...rest } = {}) {
  return el("button", { type: "button", class: `button ${kind}`.trim(), disabled, on: { click: press }, ...rest }, label);
}

/** Describe a link within the dashboard. */
export function link(address, ...content) {
  return el("a", { href: address }, content);
}

/** Describe pairs of a name and a value; a third member "wide" gives the value a line of its own. */
export function facts(pairs) {
  return el("dl", { class: "facts" }, pairs.map(([title, value, width = ""]) =>
    el("div", { key: title, class: width && `is-${width}` }, el("dt", null, title), el("dd", null, value))));
}
