// The rows of the list of jobs.

import { el } from "../dom.js";
import { age, between, brief, duration, isPast, name } from "../format.js";
import { link, table } from "../parts.js";
import { to } from "../router.js";
import { badge, hasEnded } from "../status.js";

/** Describe the jobs with a box before each; `selection` knows which are chosen. */
export function describeJobs(jobs, selection) {
  const columns = [
    { title: "Selected", head: describeAll(jobs, selection), class: "is-box", cell: (job) => describeBox(job, selection) },
    { title: "Job", class: "is-short", cell: (job) => link(to(["jobs", job.id]), brief(job.id)) },
    { title: "Workflow", cell: (job) => name(job.workflow_name, 40) },
    { title: "State", class: "is-short", cell: describeState },
    { title: "Step", class: "is-wide", cell: describeStep },
    { title: "Queue", cell: (job) => name(job.queue, 24) },
    { title: "Handed in", class: "is-short", cell: (job) => age(job.created_at) },
    { title: "Took", class: "is-number", cell: (job) => hasEnded(job.status) ? duration(between(job.created_at, job.finished_at)) : "" },
  ];
  return table("Jobs, the newest first", columns, jobs, (job) => job.id);
}

function describeAll(jobs, selection) {
  const chosen = jobs.filter((job) => selection.has(job.id)).length;
  return el("input", {
    type: "checkbox",
    "aria-label": "Select all jobs on this page",
    checked: jobs.length > 0 && chosen === jobs.length,
    indeterminate: chosen > 0 && chosen < jobs.length,
    on: { change: (event) => selection.setAll(jobs, event.target.checked) },
  });
}

function describeBox(job, selection) {
  return el("input", {
    type: "checkbox",
    "aria-label": `Select job ${job.id}`,
    checked: selection.has(job.id),
    on: { change: (event) => selection.setAll([job], event.target.checked) },
  });
}

function describeState(job) {
  const isUnderWay = job.status === "running" && job.percent_completed > 0;
  return [
    badge(job.status),
    isUnderWay ? el("span", { class: "dim" }, ` ${Math.round(job.percent_completed)} %`) : null,
    job.status === "scheduled" && job.due_at ? el("div", { class: "dim" }, isPast(job.due_at) ? "is due" : age(job.due_at)) : null,
  ];
}

function describeStep(job) {
  const isOver = job.status === "completed" || job.step_name === null;
  const attempt = job.attempt > 0 && !hasEnded(job.status) ? el("span", { class: "dim" }, ` failed ${job.attempt}×`) : null;
  const error = job.error && job.status !== "completed"
    ? el("div", { class: "dim error-line" }, name(`${job.error.type}: ${job.error.message.split("\n")[0]}`, 110))
    : null;
  return [isOver ? el("span", { class: "dim" }, "–") : name(job.step_name, 40), attempt, error];
}
