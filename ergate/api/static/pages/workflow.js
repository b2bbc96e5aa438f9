// One workflow: its graph, its steps and how long they take, and a form to start a job of it.

import { ask, path } from "../api.js";
import { el } from "../dom.js";
import { age, count, name, number } from "../format.js";
import { newStartForm } from "../form/start.js";
import { newGraph } from "../graph.js";
import { jsonView } from "../json_view.js";
import { card, link, nothing, table } from "../parts.js";
import { to } from "../router.js";
import { STATUSES } from "../status.js";
import { describeOrigin, describeVersion } from "../workflow/facts.js";
import { describeSteps } from "../workflow/steps.js";

const DURATIONS_S = 10;

export function open(view) {
  const [workflowName] = view.parts;
  const state = { workflow: null, durations: null, counts: null, graph: null, form: null };
  view.title(`Workflow ${workflowName}`);
  const loadCounts = view.loader(2, async () => {
    state.counts = (await ask("counts", { workflow: workflowName }, view.signal)).counts;
  }, "counts");
  const loadDurations = view.loader(DURATIONS_S, async () => {
    state.durations = await ask(path("workflows", workflowName, "durations"), {}, view.signal);
  }, "durations");
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
    card("Steps", { key: "steps", beside: state.durations?.jobs ? el("span", { class: "dim" }, `times of the newest ${count(state.durations.jobs, "job")}`) : null },
      describeSteps(workflow, state.durations?.jobs ? state.durations.steps : [])),
    workflow.services?.length || workflow.versions?.length > 1 ? el("div", { class: "columns" }, describeServices(workflow.services), describeVersions(workflow.versions)) : null,
    workflow.definition ? card("Definition", { key: "definition" }, jsonView(workflow.definition, "The definition")) : null,
    workflow.input_schema === null ? null : card("Input as JSON Schema", { key: "schema" },
      el("details", { class: "fold" }, el("summary", null, "What an input must look like"), jsonView(workflow.input_schema, "The JSON Schema of the input"))),
  ];
}

function describeAbout(workflow) {
  const { description } = workflow;
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

function describeServices(services) {
  if (!services?.length) return null;
  const columns = [
    { title: "Service", class: "is-name", cell: (one) => link(to(["services", one.name]), name(one.name, 60)) },
    { title: "Address", cell: (one) => el("span", { class: "address" }, name(one.address, 44)) },
  ];
  return card("Services that it calls", { key: "services" }, table("Services that the workflow calls", columns, services, (one) => one.name));
}

function describeVersions(versions) {
  const columns = [
    { title: "Version", class: "is-name", cell: (one) => [describeVersion(one), one.is_current ? el("span", { class: "dim" }, " current") : null] },
    { title: "Registered", cell: (one) => age(one.created_at) },
  ];
  return card("Versions", { key: "versions", beside: el("span", { class: "dim" }, "a job keeps the one it began with") },
    table("Versions, the current one first", columns, versions, (one) => one.version));
}

function showStep(step) {
  const row = [...document.querySelectorAll("[data-step]")].find((one) => one.dataset.step === step)?.closest("tr");
  row?.scrollIntoView({ block: "center" });
  row?.animate?.([{ background: "var(--tint)" }, { background: "transparent" }], { duration: 1600 });
}
