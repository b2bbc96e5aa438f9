// Numbers, times and names as people read them.

import { now } from "./api.js";
import { el } from "./dom.js";
import { shortened } from "./text.js";

const WHOLE = new Intl.NumberFormat("en");
const UNITS = [[86400, "d"], [3600, "h"], [60, "min"], [1, "s"]];
const AT = new Intl.DateTimeFormat("en-GB", { dateStyle: "medium", timeStyle: "medium" });
const CLOCK = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit" });

/** Return 1234 as "1,234". */
export function number(value) {
  return WHOLE.format(value);
}

/** Return "1 job" or "3 jobs". */
export function count(value, one, many = `${one}s`) {
  return `${number(value)} ${value === 1 ? one : many}`;
}

/** Return a length of time with two units at most: "340 ms", "12 s", "3 min 5 s", "2 d 4 h". */
export function duration(seconds) {
  if (seconds === null || seconds === undefined || Number.isNaN(seconds)) return "–";
  if (seconds < 0.001) return "0 ms";
  if (seconds < 0.9995) return `${Math.round(seconds * 1000)} ms`;
  if (seconds < 10) return `${seconds.toFixed(1)} s`;
  const first = UNITS.findIndex(([size]) => seconds >= size);
  const [size, unit] = UNITS[first];
  const whole = Math.floor(seconds / size);
  const next = UNITS[first + 1];
  const rest = next ? Math.floor((seconds - whole * size) / next[0]) : 0;
  return rest ? `${whole} ${unit} ${rest} ${next[1]}` : `${whole} ${unit}`;
}

/** Return the seconds between two ISO times; the second one may be missing, which means now. */
export function between(from, until = null) {
  if (!from) return null;
  return Math.max(0, ((until ? Date.parse(until) : now()) - Date.parse(from)) / 1000);
}

/** Return whether a time is over by the server's clock. */
export function isPast(at) {
  return Date.parse(at) <= now();
}

/** Describe a time by its age, with the time itself for those who hover or listen. */
export function age(at) {
  if (!at) return "–";
  const seconds = (now() - Date.parse(at)) / 1000;
  if (Number.isNaN(seconds)) return at;
  const told = Math.abs(seconds) < 1 ? "now" : seconds > 0 ? `${rough(seconds)} ago` : `in ${rough(-seconds)}`;
  return el("time", { datetime: at, title: moment(at) }, told);
}

/** Return a time to the second, in this browser's time zone. */
export function moment(at) {
  const date = new Date(at);
  return Number.isNaN(date.getTime()) ? String(at) : AT.format(date);
}

/** Return the hour and minute of a time. */
export function clock(at) {
  return CLOCK.format(new Date(at));
}

/** Describe an id: its end is what differs, so that the middle is left out. */
export function brief(id, most = 18) {
  const signs = Array.from(String(id));
  const told = signs.length <= most ? String(id) : `${signs.slice(0, most - 9).join("")}…${signs.slice(-8).join("")}`;
  return el("span", { class: "id", title: String(id) }, told);
}

/** Describe a name of any length, cut where it would push others away. */
export function name(text, most = 60) {
  return el("bdi", { class: "name", title: String(text) }, shortened(String(text), most));
}

function rough(seconds) {
  const [size, unit] = UNITS.find(([one]) => seconds >= one) ?? [1, "s"];
  return `${Math.floor(seconds / size)} ${unit}`;
}
