// Which jobs are listed: the filters, as the address holds them and as people set them.

import { el } from "../dom.js";
import { number } from "../format.js";
import { button, link } from "../parts.js";
import { go, to } from "../router.js";
import { STATUSES } from "../status.js";

const SINCE = { "": "any time", "15m": "15 minutes", "1h": "1 hour", "6h": "6 hours", "24h": "24 hours", "7d": "7 days", "30d": "30 days" };
const NAMES = ["status", "workflow", "queue", "since", "text"];

/** Return the filters of an address; what is not set is left out. */
export function filtersOf(query) {
  return Object.fromEntries(NAMES.map((name) => [name, query.get(name)]).filter(([, value]) => value));
}

/** Return the same without the text, which orders about many jobs do not take. */
export function matchingOf({ text, ...matching }) {
  return matching;
}

/** Return the address of the list with these filters. */
export function listAddress(filters, offset = 0) {
  return to(["jobs"], { ...filters, offset: offset || null });
}

/** Return the filters in words: "failed, in the queue mails". */
export function inWords({ status, workflow, queue, since }) {
  const words = [
    status,
    workflow && `of the workflow ${workflow}`,
    queue && `in the queue ${queue}`,
    since && `handed in since ${SINCE[since] ? `${SINCE[since]} ago` : since}`,
  ];
  return words.filter(Boolean).join(", ");
}

/** Describe the states as links with their numbers. */
export function describeStates(filters, counts) {
  const { status: current, ...others } = filters;
  const total = counts && Object.values(counts).reduce((sum, one) => sum + one, 0);
  const shown = STATUSES.filter((one) => one === current || counts?.[one]);
  const one = (status, many) => el("li", { key: status },
    el("a", { class: `chip is-${status || "any"}`, href: listAddress({ ...others, status }), "aria-current": (current ?? "") === status ? "true" : null },
      el("span", { class: "chip-word" }, status || "all"), counts ? el("span", { class: "chip-number" }, number(many)) : null));
  return el("nav", { "aria-label": "States" },
    el("ul", { class: "chips" }, one("", total ?? 0), shown.map((status) => one(status, counts?.[status] ?? 0))));
}

/** Describe the fields of the other filters; a change goes to another address. */
export function describeFilters(filters, known) {
  const set = (name) => (event) => change(filters, name, event.target.value.trim());
  const text = (name, label, options, hint = null) => el("label", { class: "field" }, label,
    el("input", { name, type: "search", value: filters[name] ?? "", list: options ? `known-${name}` : null, placeholder: hint, autocomplete: "off", spellcheck: "false", maxlength: 200, on: { change: set(name) } }),
    options ? el("datalist", { id: `known-${name}` }, options.map((one) => el("option", { key: one, value: one }))) : null);
  const periods = filters.since && !(filters.since in SINCE) ? { ...SINCE, [filters.since]: filters.since } : SINCE;
  return el("form", { class: "filters", role: "search", "aria-label": "Filters", on: { submit: (event) => event.preventDefault() } },
    text("workflow", "Workflow", known.workflows),
    text("queue", "Queue", known.queues),
    el("label", { class: "field" }, "Handed in since",
      el("select", { name: "since", value: filters.since ?? "", on: { change: set("since") } },
        Object.entries(periods).map(([value, label]) => el("option", { key: value, value }, label)))),
    text("text", "Containing", null, "in id, values or error"),
    Object.keys(filters).length ? link(to(["jobs"]), "Clear") : null);
}

/** Describe where the list goes on. */
export function describePages(filters, offset, size, next) {
  const newer = Math.max(0, offset - size);
  return el("nav", { class: "pages", "aria-label": "Pages of the list" },
    offset && !filters.text ? link(listAddress(filters, newer), "← Newer") : null,
    offset ? link(listAddress(filters), "Newest") : null,
    next !== null ? link(listAddress(filters, next), filters.text ? "Search further →" : "Older →") : null);
}

/** Describe the switch that holds the list still. */
export function describePause(isPaused, toggle) {
  return button(isPaused ? "Go on live" : "Hold still", toggle, { kind: "is-quiet", "aria-pressed": String(isPaused), title: "Whether the list changes by itself" });
}

function change(filters, name, value) {
  go(listAddress({ ...filters, [name]: value }));
}
