// What goes on now, and what went wrong lately.

import { ask } from "../api.js";
import { newChart } from "../charts.js";
import { el } from "../dom.js";
import { age, brief, clock, count, duration, between, name, number } from "../format.js";
import { card, link, nothing, table } from "../parts.js";
import { to } from "../router.js";
import { MEANING, STATUSES } from "../status.js";

const FAILURES = 8;
const RARE = new Set(["pending", "cancelling"]);

export function open(view) {
  const state = { counts: null, queues: null, workers: null, failures: null, activity: null };
  const charts = newCharts(() => view.redraw());
  const loadFailures = view.loader(2, async () => {
    state.failures = (await ask("jobs", { status: "failed", limit: FAILURES }, view.signal)).items;
  }, "failures");
  const loadActivity = view.loader(5, async () => {
    state.activity = await activity(view.signal);
  }, "activity");
  let failed = null;
  view.watch("counts", (counts) => {
    state.counts = counts;
    if (failed !== (failed = counts.failed ?? 0)) loadFailures();
  });
  view.watch("queues", (queues) => { state.queues = queues; });
  view.watch("workers", (workers) => { state.workers = workers; });
  view.every(10, loadActivity);
  loadActivity();
  view.show(() => describe(state, charts));
}

/** Return the figures of the last hour, or null where the store keeps none. */
async function activity(signal) {
  try {
    return await ask("activity", { minutes: 60 }, signal);
  } catch (error) {
    if ([404, 409, 501].includes(error.status)) return { buckets: [] }; // as a journal answers
    throw error;
  }
}

function newCharts(redraw) {
  return {
    throughput: newChart({
      title: "Jobs ended per minute",
      isStacked: true,
      told: number,
      redraw,
      series: [
        { label: "completed", class: "is-completed", value: (one) => one.completed },
        { label: "failed or aborted", class: "is-failed", value: (one) => one.failed },
      ],
    }),
    latency: newChart({
      title: "From handed in to ended",
      told: duration,
      redraw,
      series: [
        { label: "half of the jobs", class: "is-half", value: (one) => one.p50_s },
        { label: "99 of 100", class: "is-most", value: (one) => one.p99_s },
      ],
    }),
  };
}

function describe(state, charts) {
  return [
    el("h1", null, "Overview"),
    el("section", { "aria-label": "Jobs by state" }, describeCounts(state.counts)),
    describeActivity(state.activity, charts),
    el("div", { class: "columns" }, describeWorkers(state.workers), describeQueues(state.queues)),
    describeFailures(state.failures),
  ];
}

function describeCounts(counts) {
  const shown = STATUSES.filter((status) => !RARE.has(status) || counts?.[status]);
  return el("ul", { class: "tiles" }, shown.map((status) => {
    const many = counts?.[status] ?? 0;
    const isQuiet = many === 0 ? "is-zero" : "";
    return el("li", { key: status },
      el("a", { class: `tile is-${status} ${isQuiet}`, href: to(["jobs"], { status }), title: MEANING[status] },
        el("span", { class: "tile-number" }, counts ? number(many) : "·"),
        el("span", { class: "tile-word" }, status)));
  }));
}

function describeActivity(activity, charts) {
  if (activity === null) return el("div", { class: "columns is-waiting" }, card("The last hour"));
  const buckets = activity.buckets ?? [];
  if (buckets.length === 0) return card("The last hour", {}, nothing("There are no figures here: this server or its store does not keep them."));
  const minutes = Math.round((buckets.length * (activity.bucket_s ?? 60)) / 60);
  const completed = buckets.reduce((sum, one) => sum + one.completed, 0);
  const failed = buckets.reduce((sum, one) => sum + one.failed, 0);
  const beside = el("span", { class: "dim" }, `${number(completed)} completed, ${number(failed)} failed or aborted since ${clock(buckets[0].at)}`);
  return card(minutes === 60 ? "The last hour" : `The last ${minutes} minutes`, { beside, key: "activity" },
    el("div", { class: "columns" }, charts.throughput(buckets), charts.latency(buckets)));
}

function describeWorkers(workers) {
  if (!workers?.length) return card("Workers", {}, workers ? nothing("No worker runs. Start one with ", el("code", null, "ergate run"), ".") : null);
  const columns = [
    { title: "Worker", cell: (one) => [el("span", { class: "is-short" }, el("span", { class: `dot ${one.is_live ? "is-good" : "is-bad"}` }), " ", brief(one.worker_id)), el("div", { class: "dim" }, one.is_live ? `pid ${one.pid}` : "its lease has ended")] },
    { title: "Queues", cell: (one) => one.queues.length ? one.queues.map((queue, at) => [at ? ", " : null, name(queue, 24)]) : "all" },
    { title: "Runs", cell: (one) => describeRunning(one) },
    { title: "Since", class: "is-short", cell: (one) => age(one.started_at) },
  ];
  const beside = el("span", { class: "dim" }, count(workers.filter((one) => one.is_live).length, "live worker"));
  return card("Workers", { beside }, table("Workers and what they run", columns, workers, (one) => one.worker_id));
}

function describeRunning(worker) {
  const shown = worker.running.slice(0, 3);
  if (shown.length === 0) return el("span", { class: "dim" }, "nothing");
  const more = worker.running.length - shown.length;
  return [
    shown.map((id) => el("div", { key: id }, link(to(["jobs", id]), brief(id)))),
    more > 0 ? el("div", { class: "dim" }, `and ${number(more)} more`) : null,
  ];
}

function describeQueues(queues) {
  if (!queues?.length) return card("Queues", {}, queues ? nothing("Nothing waits and nothing runs.") : null);
  const jobs = (one, status, many) => many ? link(to(["jobs"], { queue: one.queue, status }), number(many)) : "0";
  const columns = [
    { title: "Queue", cell: (one) => name(one.queue, 32) },
    { title: "Ready", class: "is-number", cell: (one) => jobs(one, "queued", one.ready) },
    { title: "Running", class: "is-number", cell: (one) => jobs(one, "running", one.running) },
    { title: "Scheduled", class: "is-number", cell: (one) => jobs(one, "scheduled", one.scheduled) },
    { title: "Oldest waits", class: "is-number", cell: (one) => one.oldest_ready_at ? duration(between(one.oldest_ready_at)) : "–" },
  ];
  return card("Queues", {}, table("Queues and what waits in them", columns, queues, (one) => one.queue));
}

function describeFailures(failures) {
  const beside = link(to(["jobs"], { status: "failed" }), "All failed jobs");
  if (!failures?.length) return card("Recent failures", {}, failures ? nothing("No job has failed.") : null);
  const columns = [
    { title: "Job", cell: (one) => link(to(["jobs", one.id]), brief(one.id)) },
    { title: "Workflow", cell: (one) => name(one.workflow_name, 32) },
    { title: "Error", class: "is-wide", cell: (one) => describeError(one.error) },
    { title: "When", class: "is-short", cell: (one) => age(one.finished_at ?? one.updated_at) },
  ];
  return card("Recent failures", { beside }, table("Jobs that failed lately", columns, failures, (one) => one.id));
}

function describeError(error) {
  if (!error) return "–";
  const step = error.step_name ? [el("span", { class: "dim" }, "in ", name(error.step_name, 30)), " "] : null;
  return [step, el("strong", null, name(error.type, 40)), " ", name(error.message.split("\n")[0], 140)];
}
