// What somebody has typed into a form so far, and the value that it makes.

import { parse, pretty } from "../json.js";

/** Stands for a member that is not sent, so that its default counts. */
export const LEFT_OUT = Symbol("left out");

const WHOLE = /^[+-]?\d+$/;
const DECIMAL = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/;
let items = 0;

/** A value does not fit the form, although it may be valid. */
export class Misfit extends Error {}

/** Return what a form shows at first: the defaults, or nothing. */
export function newDraft(field) {
  if (field.fallback !== undefined && field.fallback !== null) {
    try {
      return draftOf(field, field.fallback);
    } catch (error) {
      if (!(error instanceof Misfit)) throw error;
    }
  }
  return draftOf(field, LEFT_OUT);
}

/** Return what a form shows for a value. Raises `Misfit`. */
export function draftOf(field, value) {
  const isNone = value === LEFT_OUT || (value === null && (field.isNullable || !field.isRequired));
  return MAKERS[field.kind](field, value, isNone);
}

/** Return an item for a list, which the form can tell from the others. */
export function newItem(draft) {
  return { key: `item-${(items += 1)}`, draft };
}

const MAKERS = {
  text: (_field, value, isNone) => ({ text: isNone ? "" : fitting(value, typeof value === "string") }),
  whole: (_field, value, isNone) => ({ text: isNone ? "" : String(fitting(value, typeof value === "bigint" || Number.isInteger(value))) }),
  decimal: (_field, value, isNone) => ({ text: isNone ? "" : String(fitting(value, ["bigint", "number"].includes(typeof value))) }),
  yes: (field, value, isNone) => ({ value: isNone ? (field.isRequired && !field.isNullable ? false : null) : fitting(value, typeof value === "boolean") }),
  choice: (field, value, isNone) => ({ at: isNone ? -1 : indexOf(field.options, value) }),
  fixed: (field, value, isNone) => { if (!isNone) fitting(value, pretty(value) === pretty(field.schema.const)); return {}; },
  json: (_field, value) => ({ text: value === LEFT_OUT ? "" : pretty(value) }),
  list: (field, value, isNone) => ({ items: isNone ? [] : fitting(value, Array.isArray(value)).map((one) => newItem(draftOf(field.item(), one))) }),
  group: (field, value, isNone) => {
    if (isNone) return { isGiven: field.isRequired && !field.isNullable, members: null };
    fitting(value, value !== null && typeof value === "object" && !Array.isArray(value));
    const names = new Set(field.members().map((one) => one.name));
    fitting(value, Object.keys(value).every((name) => names.has(name)));
    return { isGiven: true, members: new Map(field.members().map((one) => [one.name, draftOf(one, Object.hasOwn(value, one.name) ? value[one.name] : LEFT_OUT)])) };
  },
};

/** Return the drafts of a group's members; they are made when they are first wanted. */
export function membersOf(field, draft) {
  draft.members ??= new Map(field.members().map((one) => [one.name, newDraft(one)]));
  return draft.members;
}

/**
 * Return the value of a draft, or `LEFT_OUT`.
 *
 * What cannot be a value is added to `faults` as `{ path, text }`; the server checks the rest.
 */
export function valueOf(field, draft, faults, path = []) {
  return READERS[field.kind](field, draft, (text) => { faults.push({ path, text }); return LEFT_OUT; }, faults, path);
}

const READERS = {
  text: (field, { text }, refuse) => {
    if (text !== "") return text;
    // Whoever empties a field with a default means the empty text.
    return typeof field.fallback === "string" && field.fallback !== "" ? "" : absent(field, refuse);
  },
  whole: (field, { text }, refuse) => numberOf(field, text.trim(), WHOLE, "This is no whole number.", refuse),
  decimal: (field, { text }, refuse) => numberOf(field, text.trim(), DECIMAL, "This is no number; write it as 12.5.", refuse),
  yes: (field, { value }, refuse) => (value === null ? absent(field, refuse) : value),
  choice: (field, { at }, refuse) => (at < 0 ? absent(field, refuse) : field.options[at]),
  fixed: (field) => field.schema.const,
  json: (field, { text }, refuse) => {
    if (text.trim() === "") return absent(field, refuse);
    try {
      return parse(text);
    } catch (error) {
      return refuse(`This is no JSON: ${error.message}`);
    }
  },
  list: (field, draft, _refuse, faults, path) => {
    if (draft.items.length === 0 && !field.isRequired && !field.fallback?.length) return LEFT_OUT;
    return draft.items.map((one, at) => valueOf(field.item(), one.draft, faults, [...path, at]));
  },
  group: (field, draft, refuse, faults, path) => {
    if (!draft.isGiven) return absent(field, refuse);
    const drafts = membersOf(field, draft);
    const given = field.members().map((one) => [one.name, valueOf(one, drafts.get(one.name), faults, [...path, one.name])]);
    // Made from a list, as a member may be called __proto__.
    return Object.fromEntries(given.filter(([, value]) => value !== LEFT_OUT));
  },
};

function absent(field, refuse) {
  if (!field.isRequired) return LEFT_OUT;
  if (field.isNullable) return null;
  return refuse(field.kind === "text" ? "This is missing. An empty text can be sent as JSON." : "This is missing.");
}

function numberOf(field, text, pattern, complaint, refuse) {
  if (text === "") return absent(field, refuse);
  if (!pattern.test(text)) return refuse(complaint);
  if (WHOLE.test(text) && !Number.isSafeInteger(Number(text))) return BigInt(text);
  const value = Number(text);
  return Number.isFinite(value) ? value : refuse("This number is too large.");
}

function fitting(value, isFit) {
  if (!isFit) throw new Misfit();
  return value;
}

function indexOf(options, value) {
  const at = options.indexOf(value);
  fitting(value, at >= 0);
  return at;
}
