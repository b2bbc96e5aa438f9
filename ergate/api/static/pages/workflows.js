// The workflows that this server knows, and how many jobs of each there are.

import { ask } from "../api.js";
import { el } from "../dom.js";
import { count, name, number } from "../format.js";
import { card, link, nothing, table } from "../parts.js";
import { to } from "../router.js";
import { STATUSES } from "../status.js";
import { describeOrigin, describeVersion } from "../workflow/facts.js";

/** So many workflows get their jobs counted: each is a question of its own. */
const COUNTED = 40;
const SHOWN_STEPS = 6;

export function open(view) {
  const state = { workflows: null, counts: new Map() };
  const loadCounts = view.loader(5, () => countJobs(view, state), "counts");
  view.load(async () => {
    state.workflows = await ask("workflows", {}, view.signal);
    loadCounts();
  });
  view.watch("counts", () => { if (state.workflows) loadCounts(); });
  view.show(() => describe(state));
}

async function countJobs(view, state) {
  for (const { name: workflow } of state.workflows.slice(0, COUNTED)) {
    state.counts.set(workflow, (await ask("counts", { workflow }, view.signal)).counts);
  }
}

function describe({ workflows, counts }) {
  return [el("h1", null, "Workflows"), workflows === null ? nothing("Looking …") : describeList(workflows, counts)];
}

function describeList(workflows, counts) {
  if (workflows.length === 0) return card("No workflow is known here", {},
    nothing("Serve an app with ", el("code", null, "ergate serve --app myapp:app"), ", or register a definition with ", el("code", null, "ergate workflows register workflow.json"), "."));
  const columns = [
    { title: "Workflow", class: "is-name", cell: (one) => link(to(["workflows", one.name]), name(one.name, 60)) },
    { title: "Steps", class: "is-wide", cell: describeSteps },
    { title: "Jobs", class: "is-wide", cell: (one) => describeCounts(one.name, counts.get(one.name)) },
    { title: "Kind", class: "is-short", cell: describeOrigin },
    { title: "Version", class: "is-short", cell: describeVersion },
  ];
  return card(count(workflows.length, "workflow"), { key: "list" }, table("Workflows and their jobs", columns, workflows, (one) => one.name));
}

function describeSteps({ steps }) {
  const shown = steps.slice(0, SHOWN_STEPS).map((step, at) => [at ? el("span", { class: "dim" }, " · ") : null, name(step.name, 30)]);
  const more = steps.length - SHOWN_STEPS;
  return [shown, more > 0 ? el("span", { class: "dim" }, ` and ${number(more)} more`) : null];
}

function describeCounts(workflow, counts) {
  if (counts === undefined) return el("span", { class: "dim" }, "·");
  const shown = STATUSES.filter((status) => counts[status]);
  if (shown.length === 0) return el("span", { class: "dim" }, "none");
  return el("span", { class: "counts" }, shown.map((status) =>
    el("a", { key: status, class: `badge is-${status}`, href: to(["jobs"], { workflow, status }) }, `${number(counts[status])} ${status}`)));
}
