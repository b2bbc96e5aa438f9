// The fields of a form, as descriptions: one for each kind, with its words and its faults.

import { el } from "../dom.js";
import { compact } from "../json.js";
import { button } from "../parts.js";
import { membersOf, newDraft, newItem } from "./draft.js";

const FORMATS = {
  date: "2030-01-31", time: "09:30:00", "date-time": "2030-01-31T09:30:00Z", duration: "PT1H30M", uuid: "018f2d5e-7c3a-7b1e-9d52-3f6a8c1b2e4d",
};

/**
 * Describe a field and all below it.
 *
 * `context` has a `prefix` for ids, `faultsAt(path)`, which returns texts, and `changed(path)`, which
 * is called after each change.
 */
export function describeField(field, draft, context, path = []) {
  if (field.kind === "group") return describeGroup(field, draft, context, path);
  if (field.kind === "list") return describeList(field, draft, context, path);
  const id = idOf(context, path);
  const faults = context.faultsAt(path);
  const about = [field.description && `${id}-about`, `${id}-faults`].filter(Boolean).join(" ");
  const props = {
    id, "aria-describedby": about, "aria-invalid": faults.length ? "true" : null, "aria-required": isNeeded(field) ? "true" : null,
  };
  const control = CONTROLS[field.kind](field, draft, props, () => context.changed(path));
  return el("div", { class: `field is-${field.kind}`, key: id },
    el("label", { for: id, class: "field-name" }, field.name, remark(field)),
    control, describeAbout(field, id), describeFaults(faults, id));
}

/** Describe the members of a group without a frame around them. */
export function describeMembers(field, draft, context, path = []) {
  const drafts = membersOf(field, draft);
  return field.members().map((one) => describeField(one, drafts.get(one.name), context, [...path, one.name]));
}

/** Describe the texts of faults; `id` is that of the field they belong to. */
export function describeFaults(faults, id) {
  return el("p", { id: `${id}-faults`, class: "fault", role: "status" }, faults.join(" "));
}

/** Return an id without spaces, so that others can refer to it. */
function idOf(context, path) {
  return `${context.prefix}-${encodeURIComponent(JSON.stringify(path))}`;
}

const CONTROLS = {
  text: (field, draft, props, changed) => el("textarea", {
    ...props, class: "is-line", rows: 1, value: draft.text, placeholder: hint(field), spellcheck: "false",
    on: { input: typed(draft, changed), keydown: submitOnEnter },
  }),
  whole: (field, draft, props, changed) => line(field, draft, props, changed, "numeric"),
  decimal: (field, draft, props, changed) => line(field, draft, props, changed, "decimal"),
  yes: (field, draft, props, changed) => {
    if (draft.value !== null && isTwoWay(field)) {
      return el("input", { ...props, type: "checkbox", checked: draft.value, on: { change: (event) => { draft.value = event.target.checked; changed(); } } });
    }
    const choose = (at) => { draft.value = [true, false][at] ?? null; changed(); };
    return options(field, ["yes", "no"], [true, false].indexOf(draft.value), props, choose);
  },
  choice: (field, draft, props, changed) =>
    options(field, field.options.map((one) => typeof one === "string" ? one : compact(one)), draft.at, props, (at) => { draft.at = at; changed(); }),
  fixed: (field, _draft, props) => el("output", props, compact(field.schema.const)),
  json: (_field, draft, props, changed) => el("textarea", {
    ...props, rows: 4, value: draft.text, placeholder: "JSON", spellcheck: "false", on: { input: typed(draft, changed) },
  }),
};

/** Return whether a yes-or-no is never left out: it must be there, or begins with its default. */
function isTwoWay(field) {
  return isNeeded(field) || typeof field.fallback === "boolean";
}

function line(field, draft, props, changed, mode) {
  return el("input", { ...props, type: "text", inputmode: mode, value: draft.text, placeholder: hint(field), autocomplete: "off", on: { input: typed(draft, changed) } });
}

function options(field, labels, at, props, choose) {
  const none = field.isRequired && !field.isNullable ? "choose …" : absence(field);
  return el("select", { ...props, value: String(at), on: { change: (event) => choose(Number(event.target.value)) } },
    el("option", { key: "none", value: "-1" }, none),
    labels.map((label, index) => el("option", { key: index, value: String(index) }, label)));
}

function describeGroup(field, draft, context, path) {
  const id = idOf(context, path);
  const toggle = (event) => { draft.isGiven = event.target.checked; context.changed(path); };
  const { name } = field;
  const legend = isNeeded(field) ? name : el("label", null,
    el("input", { type: "checkbox", id, checked: draft.isGiven, on: { change: toggle } }), " ", name, remark(field));
  return el("fieldset", { class: "group", key: id },
    el("legend", null, legend), describeAbout(field, id),
    draft.isGiven ? describeMembers(field, draft, context, path) : null,
    describeFaults(context.faultsAt(path), id));
}

function describeList(field, draft, context, path) {
  const id = idOf(context, path);
  const changed = () => context.changed(path);
  const add = () => { draft.items.push({ ...newItem(newDraft(field.item())), isNew: true }); changed(); };
  return el("fieldset", { class: "group", key: id },
    el("legend", null, field.name, remark(field)), describeAbout(field, id),
    draft.items.map((one, at) => {
      const remove = (event) => {
        const frame = event.currentTarget.closest("fieldset");
        draft.items.splice(at, 1);
        changed();
        frame.querySelector(":scope > .is-add")?.focus();
      };
      return el("div", { class: "list-item", key: one.key, ready: one.isNew ? focusFirst : null },
        describeField({ ...field.item(), name: `${field.name} ${at + 1}` }, one.draft, context, [...path, at]),
        button("×", remove, { kind: "is-quiet", "aria-label": `Remove ${field.name} ${at + 1}` }));
    }),
    button(`Add to ${field.name}`, add, { kind: "is-add" }),
    describeFaults(context.faultsAt(path), id));
}

function describeAbout(field, id) {
  return field.description ? el("p", { id: `${id}-about`, class: "about" }, field.description) : null;
}

function isNeeded(field) {
  return field.isRequired && !field.isNullable;
}

function remark(field) {
  if (isNeeded(field)) return null;
  return el("span", { class: "dim" }, field.isRequired ? " may be null" : " optional");
}

function absence(field) {
  return field.isRequired ? "null" : "left out";
}

/** Return what an empty field says: what it stands for then, or how its value may look. */
function hint(field) {
  const { fallback } = field;
  if (fallback !== undefined && fallback !== null) return field.kind === "text" && fallback !== "" ? "the empty text" : `left out: ${compact(fallback)}`;
  const example = FORMATS[field.schema.format] ?? field.schema.examples?.[0];
  if (example !== undefined) return `as in ${typeof example === "string" ? example : compact(example)}`;
  return isNeeded(field) ? "" : absence(field);
}

function typed(draft, changed) {
  return (event) => { draft.text = event.target.value; changed(); };
}

/** Enter sends the form, as in a line of its own; with Shift it begins a new line. */
function submitOnEnter(event) {
  if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
  event.preventDefault();
  event.currentTarget.form.requestSubmit();
}

function focusFirst(node) {
  node.querySelector("input, textarea, select")?.focus();
}
