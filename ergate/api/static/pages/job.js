// One job: where it stands, the way it has gone, and all that is known about it.

import { ask, path } from "../api.js";
import { el } from "../dom.js";
import { age, between, brief, duration, name, number } from "../format.js";
import { newGraph } from "../graph.js";
import { describeOrders } from "../job/orders.js";
import { describeTimeline } from "../job/timeline.js";
import { readWay, wayKey } from "../job/way.js";
import { copyButton, jsonView } from "../json_view.js";
import { card, facts, link, nothing } from "../parts.js";
import { to } from "../router.js";
import { badge, hasEnded } from "../status.js";

const LOOK_S = 1;

export function open(view) {
  const id = view.parts[0];
  const state = { job: null, history: [], workflow: undefined, graph: null, isTight: false };
  view.title(`Job ${id}`);
  const load = view.loader(0.5, () => look(view, id, state));
  view.every(LOOK_S, () => { if (!state.job || !hasEnded(state.job.status)) load(); });
  // One that has ended may be restarted by somebody else.
  view.watch("counts", () => { if (state.job) load(); });
  load();
  view.show(() => describe(view, id, state, load));
}

async function look(view, id, state) {
  const job = await ask(path("jobs", id), {}, view.signal);
  if (state.workflow === undefined) await learnWorkflow(view, job, state);
  if (job.revision === state.job?.revision && job.status === state.job.status) return;
  state.history = await ask(path("jobs", id, "history"), {}, view.signal);
  state.job = job;
}

const VERSION_DIGITS = 64;

/** Ask for the workflow as it was when the job began; one that nobody knows is not asked for. */
async function learnWorkflow(view, job, state) {
  const version = job.workflow_fingerprint?.length === VERSION_DIGITS ? job.workflow_fingerprint : null;
  const known = version ? [] : await ask("workflows", {}, view.signal);
  if (!version && !known.some((one) => one.name === job.workflow_name)) {
    state.workflow = null;
    return;
  }
  state.workflow = await ask(path("workflows", job.workflow_name), { version }, view.signal);
  state.graph = newGraph(state.workflow.steps.map((step) => step.name), state.workflow.ways);
}

function describe(view, id, state, load) {
  const { job, history, workflow } = state;
  if (job === null) return view.problem ? [el("h1", null, "Job ", brief(id, 40))] : nothing("Looking …");
  const way = readWay(job, history, workflow);
  const toggle = () => { state.isTight = !state.isTight; view.redraw(); };
  return [
    describeHead(job, way, load),
    describeError(job),
    el("div", { class: "columns is-job" },
      el("div", { class: "stack" }, describeGraph(job, way, state), describeFacts(job)),
      describeTimeline(job, history, { isTight: state.isTight, toggle })),
    describeSteps(job, way),
    job.user_context === null ? null : card("Context", { key: "context" }, jsonView(job.user_context, "The context")),
    describeRaw(job, history),
  ];
}

function describeHead(job, way, load) {
  return el("header", { class: "job-head" },
    el("p", { class: "dim" }, link(to(["jobs"]), "Jobs"), " / ", link(to(["jobs"], { workflow: job.workflow_name }), name(job.workflow_name, 60))),
    el("div", { class: "page-head" },
      el("h1", null, name(job.workflow_name, 80), " ", badge(job.status)),
      describeOrders(job, way, load)),
    el("p", { class: "job-id" }, el("span", { class: "id" }, job.id), copyButton(String(job.id), "The id")),
    el("div", { class: "progress", role: "progressbar", "aria-label": "Progress", "aria-valuenow": Math.round(job.percent_completed), "aria-valuemin": 0, "aria-valuemax": 100 },
      el("span", { class: `progress-done is-${job.status}`, style: { width: `${job.percent_completed}%` } })),
    el("p", { class: "dim" }, told(job)));
}

function told(job) {
  const steps = `${number(job.steps_completed)} ${job.steps_completed === 1 ? "step" : "steps"} done`;
  if (hasEnded(job.status)) return [steps, ", ended ", age(job.finished_at), ", took ", duration(between(job.created_at, job.finished_at))];
  const next = job.step_name ? [job.status === "running" ? ", runs " : ", next is ", name(job.step_name, 60)] : null;
  return [steps, next, ", handed in ", age(job.created_at)];
}

function describeError(job) {
  const { error } = job;
  if (!error) return null;
  const isOver = hasEnded(job.status);
  return el("section", { class: `failure ${isOver ? "" : "is-past"}`, "aria-label": "Error", key: "error" },
    el("p", null, el("strong", null, name(error.type, 100)), error.step_name ? el("span", { class: "dim" }, " in ", name(error.step_name, 60)) : null, isOver ? null : el("span", { class: "dim" }, " at the last attempt")),
    el("p", { class: "lines" }, error.message || el("span", { class: "dim" }, "without a message")),
    error.traceback ? el("details", { open: false }, el("summary", null, "Traceback"),
      el("div", { class: "json" }, el("pre", { class: "traceback", tabindex: 0, "aria-label": "Traceback" }, error.traceback), copyButton(error.traceback, "The traceback"))) : null);
}

function describeGraph(job, way, state) {
  const done = new Set(way.steps.filter((one) => one.isDone).map((one) => one.name));
  const stateOf = (step) => {
    if (step === null) return job.status === "completed" ? "done" : "";
    return step === way.current ? stateOfCurrent(job.status) : done.has(step) ? "done" : "";
  };
  const graph = state.graph ?? newGraph(way.reached, way.reached.slice(1).map((to_, at) => ({ from: way.reached[at], to: to_, kind: "next" })).concat(hasEnded(job.status) && job.status === "completed" ? [{ from: way.reached.at(-1), to: null, kind: "end" }] : []));
  return card("Workflow", { key: "graph", beside: state.workflow ? null : el("span", { class: "dim" }, "as far as it went: this server does not know this workflow") },
    graph({ stateOf, isTaken: (from, to_) => way.taken.has(wayKey(from, to_)), choose: showStep, label: "The workflow and the way that this job took" }));
}

function stateOfCurrent(status) {
  if (status === "running" || status === "cancelling") return "running";
  return hasEnded(status) ? status : "waiting";
}

function showStep(step) {
  const found = [...document.querySelectorAll(".step")].find((one) => one.dataset.step === step);
  if (!found) return;
  found.open = true;
  found.scrollIntoView({ block: "nearest" });
  found.querySelector("summary").focus({ preventScroll: true });
}

function describeFacts(job) {
  return card("Facts", { key: "facts" }, facts([
    ["Queue", link(to(["jobs"], { queue: job.queue }), name(job.queue, 60))],
    ["Priority", String(job.priority)],
    ["Handed in", age(job.created_at)],
    ["Last change", age(job.updated_at)],
    job.due_at ? ["Due", age(job.due_at)] : null,
    job.finished_at ? ["Ended", age(job.finished_at)] : null,
    job.attempt ? ["Failed attempts", number(job.attempt)] : null,
    job.worker_id ? ["Worker", brief(job.worker_id)] : null,
    ["Revision", number(job.revision)],
    ["Idempotency key", el("span", { class: "wrapping" }, `${job.id}:${job.seq}`), "wide"],
  ].filter(Boolean)));
}

function describeSteps(job, way) {
  return card("Inputs and outputs", { key: "steps" }, way.steps.map((step, at) => {
    const isLast = at === way.steps.length - 1;
    const mark = step.isDone ? badge("completed") : badge(job.status);
    return el("details", { class: "step", key: `${at} ${step.name}`, "data-step": step.name, open: isLast },
      el("summary", null, el("strong", null, name(step.name, 80)), " ", mark),
      el("div", { class: "columns" },
        el("div", null, el("h3", null, "Input"), jsonView(step.input, `Input of ${step.name}`),
          step.isEdited && step.isDone ? el("p", { class: "dim" }, "A person restarted this step and may have edited its input.") : null),
        el("div", null, el("h3", null, "Output"), step.isDone ? jsonView(step.result, `Output of ${step.name}`) : el("p", { class: "dim" }, hasEnded(job.status) ? "none" : "none yet"))));
  }));
}

function describeRaw(job, history) {
  return card("Raw JSON", { key: "raw" },
    el("details", { class: "fold" }, el("summary", null, "The job"), jsonView(job, "The job")),
    el("details", { class: "fold" }, el("summary", null, `Its history: ${number(history.length)} transitions`), jsonView(history, "The history")));
}
