// The list of jobs: filtered, paged, live, and with orders about many of them.

import { ask } from "../api.js";
import { el } from "../dom.js";
import { count, number } from "../format.js";
import { describeBulk } from "../jobs/bulk.js";
import { describeFilters, describePages, describePause, describeStates, filtersOf, matchingOf } from "../jobs/filters.js";
import { describeJobs } from "../jobs/list.js";
import { Selection } from "../jobs/selection.js";
import { card, link, nothing } from "../parts.js";
import { to } from "../router.js";
import { myRights } from "../session.js";

const SIZE = 50;

/** Show the list of jobs. */
export function open(view) {
  const state = { page: null, counts: null, isPaused: false, workflows: [], queues: [], isLoading: true };
  const selection = new Selection(() => view.redraw());
  const reload = () => view.load(() => load(view, state, selection));
  const isHeld = () => state.isPaused || view.query.get("text");
  const follow = view.loader(2, async () => { if (!isHeld()) await load(view, state, selection); });
  let isFirst = true;
  for (const part of ["counts", "jobs"]) view.watch(part, () => { if (!isFirst) follow(); });
  isFirst = false;
  view.watch("queues", (queues) => { state.queues = queues.map((one) => one.queue); });
  view.load(async () => { state.workflows = (await ask("workflows", {}, view.signal)).map((one) => one.name); }, "workflows");
  reload();
  const resume = () => { state.isPaused = !state.isPaused; follow(); view.redraw(); };
  view.show(() => describe(view, state, selection, { reload, resume }));
  return () => {
    // Other filters are another question: what was chosen before is not meant.
    selection.clear();
    state.isLoading = true;
    reload();
  };
}

async function load(view, state, selection) {
  const filters = filtersOf(view.query);
  const asked = view.query.toString();
  const offset = offsetOf(view.query);
  const { status, ...others } = matchingOf(filters);
  const [page, counted] = await Promise.all([
    ask("jobs", { ...filters, offset, limit: SIZE }, view.signal),
    ask("counts", others, view.signal),
  ]);
  if (asked !== view.query.toString()) return; // the answer to an older question
  selection.note(page.items);
  Object.assign(state, { page, counts: counted.counts, isLoading: false });
}

function offsetOf(query) {
  const offset = Number(query.get("offset"));
  return Number.isSafeInteger(offset) && offset > 0 ? offset : 0;
}

function describe(view, state, selection, { reload, resume }) {
  const filters = filtersOf(view.query);
  const offset = offsetOf(view.query);
  const { page, counts } = state;
  const total = counts && sum(filters.status ? { one: counts[filters.status] ?? 0 } : counts);
  return [
    el("div", { class: "page-head" }, el("h1", null, "Jobs"), filters.text ? null : describePause(state.isPaused, resume)),
    describeStates(filters, counts),
    el("div", { class: "card" },
      describeFilters(filters, state),
      describeBulk({ selection, filters, total, isReadOnly: myRights().read_only, reload }),
      el("div", { class: state.isLoading ? "is-loading" : "", "aria-busy": String(state.isLoading) }, describePage(page, selection, filters)),
      page ? el("div", { class: "list-end" }, el("span", { class: "dim" }, told(page, offset, total, filters)), describePages(filters, offset, SIZE, page.next_offset)) : null),
  ];
}

function describePage(page, selection, filters) {
  if (page === null) return nothing("Looking …");
  if (page.items.length > 0) return describeJobs(page.items, selection);
  if (Object.keys(filters).length === 0) return nothing("There are no jobs yet. Hand one in with ", el("code", null, "ergate enqueue"), ".");
  return nothing("No job here matches these filters. ", link(to(["jobs"]), "Show all jobs"));
}

function told(page, offset, total, filters) {
  const damaged = page.left_out ? ` ${count(page.left_out, "damaged row is", "damaged rows are")} left out.` : "";
  if (filters.text) return `${count(page.items.length, "job")} found so far; one search looks at 5,000 jobs.${damaged}`;
  if (page.items.length === 0) return damaged;
  return `${number(offset + 1)} to ${number(offset + page.items.length)} of ${count(total ?? 0, "job")}.${damaged}`;
}

function sum(counts) {
  return Object.values(counts).reduce((before, one) => before + one, 0);
}
