// JSON as people read it: indented, coloured, folded when it is long, and copied with one press.

import { el } from "./dom.js";
import { number } from "./format.js";
import { pretty } from "./json.js";
import { note } from "./notes.js";
import { button } from "./parts.js";

const FOLDED = 1500;
const COLOURED = 30_000;
const TOKEN = /("(?:[^"\\]|\\.)*")(\s*:)?|\b(?:true|false|null)\b|-?\d[\d.eE+-]*/g;

/** Descriptions by the object that they show: the same one again costs nothing. */
const known = new WeakMap();

/** Describe a value; `label` names it for whoever copies or listens. */
export function jsonView(value, label) {
  if (value === undefined) return el("p", { class: "dim" }, "not kept");
  if (value === null || typeof value !== "object") return describe(value, label);
  if (known.get(value)?.label !== label) known.set(value, { label, view: describe(value, label) });
  return known.get(value).view;
}

function describe(value, label) {
  const text = pretty(value);
  const box = el("div", { class: "json" },
    el("pre", { tabindex: 0, "aria-label": label }, el("code", null, text.length > COLOURED ? text : coloured(text))),
    copyButton(text, label));
  if (text.length <= FOLDED) return box;
  return el("details", { class: "fold" }, el("summary", null, `${label}: ${number(text.length)} characters`), box);
}

/** Describe a button that copies a text. */
export function copyButton(text, label) {
  const press = async () => {
    try {
      await navigator.clipboard.writeText(text);
      note(`${label} copied.`);
    } catch {
      note("This browser lets no page copy here. Select the text and copy it by hand.");
    }
  };
  return button("Copy", press, { kind: "is-quiet is-copy", "aria-label": `Copy: ${label}` });
}

function coloured(text) {
  const found = [];
  let end = 0;
  for (const match of text.matchAll(TOKEN)) {
    if (match.index > end) found.push(text.slice(end, match.index));
    const [whole, quoted, colon] = match;
    if (colon) found.push(el("span", { class: "json-name" }, quoted), colon);
    else found.push(el("span", { class: quoted ? "json-text" : "json-plain" }, whole));
    end = match.index + whole.length;
  }
  found.push(text.slice(end));
  return found;
}
