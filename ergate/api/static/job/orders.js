// What can be done with one job: cancel, retry, retry from a step, start another like it.

import { order, path } from "../api.js";
import { ask } from "../dialogs.js";
import { el } from "../dom.js";
import { brief, name } from "../format.js";
import { compact, parse, pretty } from "../json.js";
import { note, noteProblem } from "../notes.js";
import { button } from "../parts.js";
import { Problem } from "../problem.js";
import { go, to } from "../router.js";
import { myRights } from "../session.js";
import { canBeCancelled, canBeRetried, hasEnded } from "../status.js";

/** Describe the buttons; `done` is called when something was changed. */
export function describeOrders(job, way, done) {
  const refused = myRights().read_only ? "This server refuses every change." : null;
  const one = (label, isPossible, why, press, kind = "") =>
    button(label, () => press().then((answer) => answer && done(), noteProblem), { kind, disabled: !isPossible || refused !== null, title: refused ?? (isPossible ? null : why), key: label });
  return el("div", { class: "orders", role: "group", "aria-label": "What can be done with this job" },
    one("Cancel …", canBeCancelled(job.status), "It has ended, or will be cancelled already.", () => cancel(job)),
    one("Retry …", canBeRetried(job.status), "Only failed, aborted and cancelled jobs have a step at which they stopped.", () => retry(job, way)),
    one("Retry from a step …", hasEnded(job.status), "Only a job that has ended can run again.", () => retryFrom(job, way)),
    one("Start another like it …", true, "", () => startAnother(job)));
}

async function cancel(job) {
  const isHeld = job.status === "running";
  const answer = await ask({
    title: "Cancel this job?",
    label: "Cancel the job",
    kind: "is-danger",
    content: () => el("p", null, isHeld ? "It runs, and is cancelled when its step ends." : "It waits, and is cancelled at once."),
    submit: () => order("POST", path("jobs", job.id, "cancel")),
  });
  if (answer) note(answer.status === "cancelled" ? "The job is cancelled." : "The job will be cancelled when its step ends.");
  return answer;
}

async function retry(job, way) {
  const answer = await ask({
    title: "Run this job again?",
    label: "Retry",
    content: () => [
      el("p", null, "It begins with ", el("strong", null, name(way.reached.at(-1), 60)), ", the step at which it stopped, and that step gets what it got before."),
      el("p", { class: "dim" }, "What the step did outside may happen a second time; its idempotency key stays the same."),
    ],
    submit: () => order("POST", path("jobs", job.id, "retry")),
  });
  if (answer) note("The job is queued again.");
  return answer;
}

async function retryFrom(job, way) {
  const state = { at: way.steps.length - 1, text: "", problem: null };
  const choose = (at) => Object.assign(state, { at, text: textOf(way.steps[at].input), problem: null });
  choose(job.status === "completed" ? 0 : state.at);
  const answer = await ask({
    title: "Run this job again from a step",
    label: "Run it again",
    content: (redraw) => [
      el("label", { class: "field" }, "The step to begin with",
        el("select", { name: "step", value: String(state.at), on: { change: (event) => { choose(Number(event.target.value)); redraw(); } } },
          way.steps.map((step, at) => el("option", { key: at, value: String(at) }, step.name)))),
      jsonField("What that step gets", "input", state, redraw),
      describePlan(way, state.at),
    ],
    submit: () => order("POST", path("jobs", job.id, "retry"), restartText(way.steps[state.at], state)),
  });
  if (answer) note("The job is queued again.");
  return answer;
}

async function startAnother(job) {
  const state = { text: textOf(job.initial_input_value), problem: null };
  const answer = await ask({
    title: "Start another job like this one",
    label: "Start it",
    content: (redraw) => [
      el("p", null, "Workflow ", el("strong", null, name(job.workflow_name, 80))),
      jsonField("Input", "input", state, redraw),
      el("label", { class: "field" }, "Queue", el("input", { name: "queue", value: job.queue, required: true, maxlength: 200 })),
      job.user_context === null ? null : el("p", { class: "dim" }, "It gets the same context."),
    ],
    submit: (form) => {
      check(state);
      const rest = compact({ workflow: job.workflow_name, queue: form.get("queue"), priority: job.priority, context: job.user_context });
      return order("POST", "jobs", withInput(rest, state.text));
    },
  });
  if (answer) {
    note(["Started ", brief(answer.id), "."]);
    go(to(["jobs", answer.id]));
  }
  return answer;
}

function describePlan(way, at) {
  const list = (steps) => steps.map((one) => one.name).join(", ");
  return el("p", { class: "dim" },
    at ? `Kept with their results: ${list(way.steps.slice(0, at))}. ` : "Nothing is kept. ",
    `Runs again: ${list(way.steps.slice(at))}.`);
}

/** Describe a field for JSON that says while somebody types what is wrong with it. */
function jsonField(label, id, state, redraw) {
  const change = (event) => { Object.assign(state, { text: event.target.value, problem: fault(event.target.value) }); redraw(); };
  return el("div", { class: "field" },
    el("label", { for: `json-${id}` }, `${label}, as JSON`),
    el("textarea", { id: `json-${id}`, name: id, rows: 10, value: state.text, spellcheck: "false", "aria-invalid": String(state.problem !== null), "aria-describedby": `json-${id}-fault`, on: { input: change } }),
    el("p", { id: `json-${id}-fault`, class: "fault", role: "status" }, state.problem));
}

function fault(text) {
  try {
    parse(text);
    return null;
  } catch (error) {
    return `This is no JSON: ${error.message}`;
  }
}

function check(state) {
  state.problem = fault(state.text);
  if (state.problem) throw new Problem({ title: "The input is no JSON.", detail: state.problem });
}

/** Return the body of a restart: the input only when it was changed, so that its key may stay. */
function restartText(step, state) {
  check(state);
  const rest = compact({ from_step: step.name });
  return state.text === textOf(step.input) && step.input !== undefined ? rest : withInput(rest, state.text);
}

/** Return an object's JSON with a member `input`: the text as it was typed, so that no number changes. */
function withInput(rest, text) {
  return `${rest.trimEnd().slice(0, -1)}, "input": ${text}}`;
}

function textOf(value) {
  return value === undefined ? "" : pretty(value);
}
