// The steps of a workflow as a table, with how often each ran and how long it took.

import { el } from "../dom.js";
import { duration, name, number } from "../format.js";
import { link, table } from "../parts.js";
import { to } from "../router.js";

/** Describe the steps of a workflow; `durations` is empty while nobody knows any. */
export function describeSteps({ steps, definition }, durations) {
  const known = new Map(durations.map((one) => [one.step, one]));
  const slowest = Math.max(0, ...[...known.values()].map((one) => one.p95_s ?? 0));
  const columns = [
    { title: "Step", class: "is-name", cell: (step) => [el("strong", { "data-step": step.name }, name(step.name, 60)), definition ? describeOperation(step, definition) : describeTypes(step)] },
    { title: "Leads to", cell: describeTargets },
    { title: "Attempts", class: "is-number", cell: (step) => number(step.attempts) },
    { title: "Time limit", class: "is-number", cell: (step) => step.timeout_s === null ? "–" : duration(step.timeout_s) },
    { title: "Queue", cell: (step) => step.queue ? link(to(["jobs"], { queue: step.queue }), name(step.queue, 24)) : el("span", { class: "dim" }, "the job's") },
    ...(known.size ? timeColumns(known, slowest) : []),
  ];
  return table("Steps of the workflow, in order", columns, steps, (step) => step.name);
}

function timeColumns(known, slowest) {
  const of = (step, tell) => { const one = known.get(step.name); return one?.runs ? tell(one) : el("span", { class: "dim" }, "–"); };
  return [
    { title: "Runs", class: "is-number", cell: (step) => of(step, (one) => number(one.runs)) },
    { title: "Failed", class: "is-number", cell: (step) => of(step, (one) => one.failures ? el("span", { class: "is-failed toned" }, number(one.failures)) : "0") },
    { title: "Half within", class: "is-number", cell: (step) => of(step, (one) => duration(one.p50_s)) },
    { title: "95 % within", class: "is-number", cell: (step) => of(step, (one) => [duration(one.p95_s), describeBar(one.p95_s, slowest)]) },
  ];
}

/** The bar compares steps; who cannot see it has the numbers. */
function describeBar(value, slowest) {
  if (!slowest || value === null) return null;
  return el("div", { class: "gauge", "aria-hidden": "true" }, el("span", { style: { width: `${Math.max(2, (value / slowest) * 100)}%` } }));
}

function describeTypes(step) {
  return el("div", { class: "dim types" }, name(step.takes ?? "nothing", 60), " → ", name(step.returns, 60), step.is_async ? ", async" : null);
}

/** All steps of a definition take and return the same: what they do says more. */
function describeOperation(step, { operations = [], services = [] }) {
  const { type, service } = operations.find((one) => one.name === step.name) ?? { type: "call", service: services.find((one) => step.name.startsWith(one)) };
  return el("div", { class: "dim types" }, service ? ["calls ", link(to(["services", service]), name(service, 60))] : type);
}

function describeTargets({ leads_to: targets }) {
  return targets.map((target, at) => [at ? ", " : null, name(target, 40)]);
}
