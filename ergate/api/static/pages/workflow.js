// One workflow: its graph, its steps and how long they take, and a form to start a job of it.

import { ask, path } from "../api.js";
import { el } from "../dom.js";
import { age, name, number } from "../format.js";
import { newStartForm } from "../form/start.js";
import { newGraph } from "../graph.js";
import { jsonView } from "../json_view.js";
import { card, link, nothing } from "../parts.js";
import { to } from "../router.js";
import { STATUSES } from "../status.js";
import { describeOrigin, describeVersion, isDeclared } from "../workflow/facts.js";
import { describeSteps } from "../workflow/steps.js";

const DURATIONS_S = 10;

export function open(view) {
  const [workflowName] = view.parts;
  const state = { workflow: null, durations: null, counts: null, graph: null, form: null };
  view.title(`Workflow ${workflowName}`);
  const loadCounts = view.loader(2, async () => {
    state.counts = (await ask("counts", { workflow: workflowName }, view.signal)).counts;
  });
  const loadDurations = view.loader(DURATIONS_S, async () => { state.durations = await durations(workflowName, view.signal); });
  const loadFigures = () => { loadCounts(); loadDurations(); };
  view.load(async () => {
    const workflow = await ask(path("workflows", workflowName), {}, view.signal);
    state.graph = newGraph(workflow.steps.map((step) => step.name), workflow.ways);
    state.form = newStartForm(workflow, () => view.redraw());
    state.workflow = workflow;
    loadFigures();
  });
  view.watch("counts", () => { if (state.workflow) loadFigures(); });
  view.show(() => describe(view, workflowName, state));
}

/** Return what is known about the times of steps; an empty list where nothing is. */
async function durations(workflowName, signal) {
  try {
    const found = await ask(path("workflows", workflowName, "durations"), {}, signal);
    return Array.isArray(found) ? found : found.steps ?? found.items ?? [];
  } catch (error) {
    if ([404, 409, 501].includes(error.status)) return [];
    throw error;
  }
}

function describe(view, workflowName, state) {
  const { workflow } = state;
  const head = el("p", { class: "dim crumbs" }, link(to(["workflows"]), "Workflows"), " /");
  if (workflow === null) return [head, el("h1", null, name(workflowName, 80)), view.problem ? null : nothing("Looking …")];
  return [
    el("header", { class: "one-head" }, head,
      el("h1", null, name(workflow.name, 120)),
      describeAbout(workflow),
      describeCounts(workflow.name, state.counts)),
    el("div", { class: "columns is-workflow" },
      card("Steps and ways", { key: "graph" }, state.graph({ label: "The steps of the workflow and the ways between them", choose: showStep })),
      state.form()),
    card("Steps", { key: "steps", beside: state.durations?.length ? el("span", { class: "dim" }, "times of the steps that ended lately") : null },
      describeSteps(workflow.steps, state.durations)),
    isDeclared(workflow) && workflow.definition ? card("Definition", { key: "definition" }, jsonView(workflow.definition, "The definition")) : null,
    workflow.input_schema === null ? null : card("Input as JSON Schema", { key: "schema" },
      el("details", { class: "fold" }, el("summary", null, "What an input must look like"), jsonView(workflow.input_schema, "The JSON Schema of the input"))),
  ];
}

function describeAbout(workflow) {
  const description = workflow.description ?? workflow.definition?.description;
  return [
    el("p", { class: "marks" }, describeOrigin(workflow), el("span", { class: "dim" }, "version ", describeVersion(workflow),
      workflow.created_at ? [", registered ", age(workflow.created_at)] : null)),
    description ? el("p", { class: "lines" }, description) : null,
  ];
}

function describeCounts(workflow, counts) {
  const shown = STATUSES.filter((status) => counts?.[status]);
  const total = shown.reduce((sum, status) => sum + counts[status], 0);
  const chip = (status, many) => el("li", { key: status },
    el("a", { class: `chip is-${status || "any"}`, href: to(["jobs"], { workflow, status }) },
      el("span", { class: "chip-word" }, status || "all jobs"), el("span", { class: "chip-number" }, counts ? number(many) : "·")));
  return el("nav", { "aria-label": "Jobs of this workflow by state" },
    el("ul", { class: "chips" }, chip("", total), shown.map((status) => chip(status, counts[status]))));
}

function showStep(step) {
  const row = [...document.querySelectorAll("[data-step]")].find((one) => one.dataset.step === step)?.closest("tr");
  row?.scrollIntoView({ block: "center" });
  row?.animate?.([{ background: "var(--tint)" }, { background: "transparent" }], { duration: 1600 });
}
