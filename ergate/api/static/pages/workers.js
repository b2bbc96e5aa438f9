// Who works, on what, and until when its lease holds; and who has stopped answering.

import { ask, now } from "../api.js";
import { el } from "../dom.js";
import { age, brief, count, duration, name, number } from "../format.js";
import { button, card, link, nothing, table } from "../parts.js";
import { to } from "../router.js";

const SHOWN_JOBS = 4;
const LOOK_S = 3;

export function open(view) {
  const state = { workers: null, wholeLists: new Set() };
  const load = view.loader(1, async () => { state.workers = await ask("workers", {}, view.signal); });
  view.watch("workers", load);
  // The stream leaves out leases, which change without end.
  view.every(LOOK_S, load);
  view.every(1, () => view.redraw());
  load();
  view.show(() => describe(view, state));
}

function describe(view, state) {
  if (state.workers === null) return [el("h1", null, "Workers"), nothing("Looking …")];
  const live = state.workers.filter((one) => one.is_live);
  const dead = state.workers.filter((one) => !one.is_live);
  return [el("h1", null, "Workers"), describeLive(live, view, state), dead.length ? describeDead(dead, view, state) : null];
}

function describeLive(workers, view, state) {
  if (workers.length === 0) return card("No worker runs", { key: "live" },
    nothing("Jobs wait until one does. Start some with ", el("code", null, "ergate run"), "."));
  const busy = workers.reduce((sum, one) => sum + one.running.length, 0);
  const columns = [
    describeNameColumn("is-good"),
    { title: "Queues", cell: describeQueues },
    { title: "Busy", class: "is-number", cell: (one) => `${number(one.running.length)} of ${number(one.concurrency)}` },
    { title: "Runs", class: "is-wide", cell: (one) => describeRunning(one, view, state) },
    { title: "Lease left", class: "is-number", cell: (one) => duration(left(one.expires_at)) },
    { title: "Started", class: "is-short", cell: (one) => age(one.started_at) },
  ];
  const beside = el("span", { class: "dim" }, busy ? `${count(busy, "job")} in work` : "all idle");
  return card(count(workers.length, "live worker"), { key: "live", beside }, table("Live workers", columns, workers, (one) => one.worker_id));
}

function describeDead(workers, view, state) {
  const columns = [
    describeNameColumn("is-bad"),
    { title: "Queues", cell: describeQueues },
    { title: "Held at the end", class: "is-wide", cell: (one) => describeRunning(one, view, state) },
    { title: "Lease ended", class: "is-short", cell: (one) => age(one.expires_at) },
    { title: "Started", class: "is-short", cell: (one) => age(one.started_at) },
  ];
  return card("Lost", { key: "dead" },
    el("p", { class: "dim" }, "These stopped renewing their leases: they were killed, frozen or cut off. What they held is given to others."),
    table("Workers whose lease has ended", columns, workers, (one) => one.worker_id));
}

function describeNameColumn(mark) {
  return { title: "Worker", class: "is-name", cell: (one) => [
    el("span", { class: "whole" }, el("span", { class: `dot ${mark}` }), " ", brief(one.worker_id)),
    el("div", { class: "dim" }, name(one.host, 40), `, pid ${one.pid}`),
  ] };
}

function describeQueues({ queues }) {
  if (queues.length === 0) return "all";
  return queues.map((queue, at) => [at ? ", " : null, link(to(["jobs"], { queue }), name(queue, 24))]);
}

function describeRunning({ worker_id: id, running }, view, state) {
  if (running.length === 0) return el("span", { class: "dim" }, "nothing");
  const isWhole = state.wholeLists.has(id);
  const shown = isWhole ? running : running.slice(0, SHOWN_JOBS);
  const toggle = () => { state.wholeLists[isWhole ? "delete" : "add"](id); view.redraw(); };
  return el("div", { class: "run-list" },
    shown.map((job) => el("span", { key: job }, link(to(["jobs", job]), brief(job)))),
    running.length > SHOWN_JOBS ? button(isWhole ? "Show fewer" : `${number(running.length - SHOWN_JOBS)} more`, toggle, { kind: "is-quiet is-small", key: "\u0000more" }) : null);
}

function left(at) {
  return Math.max(0, (Date.parse(at) - now()) / 1000);
}
