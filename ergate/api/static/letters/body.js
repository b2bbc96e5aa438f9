// The bytes of a dead letter, as text and as numbers.

import { el } from "../dom.js";
import { count } from "../format.js";

const PER_LINE = 16;
const SHOWN_BYTES = 4096;

/** Return the bytes of a letter's body. */
export function bytesOf({ body, body_base64: encoded }) {
  if (body !== null) return new TextEncoder().encode(body);
  return Uint8Array.from(atob(encoded ?? ""), (character) => character.charCodeAt(0));
}

/** Return a number of bytes in words. */
export function told(many) {
  return many < 10_000 ? count(many, "byte") : `${Math.round(many / 1000)} kB`;
}

/** Describe bytes as a table of numbers with what they are in ASCII beside them. */
export function describeHex(bytes, { isWhole, showAll }) {
  const shown = isWhole ? bytes : bytes.slice(0, SHOWN_BYTES);
  const lines = [];
  for (let at = 0; at < shown.length; at += PER_LINE) lines.push(line(shown.slice(at, at + PER_LINE), at));
  return [
    el("div", { class: "json" }, el("pre", { class: "hex", tabindex: 0, "aria-label": "The body in hexadecimal" }, lines.join("\n"))),
    shown.length < bytes.length ? el("p", null, el("button", { type: "button", class: "button", on: { click: showAll } }, `Show all ${told(bytes.length)}`)) : null,
  ];
}

function line(bytes, at) {
  const numbers = Array.from(bytes, (one) => one.toString(16).padStart(2, "0"));
  const left = numbers.slice(0, PER_LINE / 2).join(" ");
  const right = numbers.slice(PER_LINE / 2).join(" ");
  const text = Array.from(bytes, (one) => (one >= 0x20 && one < 0x7f ? String.fromCharCode(one) : "·")).join("");
  return `${at.toString(16).padStart(6, "0")}  ${left.padEnd(23)}  ${right.padEnd(23)}  ${text}`;
}
