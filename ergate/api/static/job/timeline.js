// What happened to a job, in order, with how long it waited and how long each attempt ran.

import { el } from "../dom.js";
import { age, between, brief, duration, moment, name } from "../format.js";
import { card, link, nothing } from "../parts.js";
import { to } from "../router.js";
import { readTimeline } from "./way.js";

const SHOWN = 200;
const WORDS = {
  submitted: ["queued", "handed in"],
  applied: ["completed", "done"],
  retried: ["aborted", "failed, tries again"],
  failed: ["failed", "failed"],
  aborted: ["aborted", "aborted the job"],
  released: ["cancelled", "given back before it started"],
  unroutable: ["cancelled", "not known to this worker"],
  recovered: ["aborted", "its worker died"],
  due: ["scheduled", "its time has come"],
  cancelled: ["cancelled", "cancelled"],
  restarted: ["queued", "restarted"],
  departed: ["pending", "left for another store"],
  arrived: ["queued", "arrived from another store"],
  delivered: ["queued", "got what it waited for"],
  running: ["running", "running"],
  cancelling: ["cancelling", "running, will be cancelled"],
  queued: ["queued", "waits for a worker"],
  scheduled: ["scheduled", "waits for its time"],
};

/** Describe the timeline; with `isTight` the bars leave out the time in which nothing ran. */
export function describeTimeline(job, history, { isTight, toggle }) {
  const entries = readTimeline(job, history);
  const left = Math.max(0, entries.length - SHOWN);
  const shown = entries.slice(left);
  const scale = isTight ? tightScale(shown) : wholeScale(job, shown);
  const switched = el("label", { class: "dim" },
    el("input", { type: "checkbox", checked: isTight, on: { change: toggle } }), " leave out waiting");
  return card("Timeline", { beside: switched, key: "timeline" },
    left ? nothing(`${left} earlier entries are left out here; the raw JSON of the history has them.`) : null,
    el("ol", { class: "timeline" }, shown.map((entry) => describeEntry(entry, scale, job))));
}

function describeEntry(entry, scale, job) {
  const [tone, words] = WORDS[entry.event] ?? ["unknown", entry.event];
  const isAttempt = entry.kind === "attempt";
  const took = isAttempt ? between(entry.began, entry.ended) : entry.kind === "waiting" ? between(entry.from) : null;
  const waited = isAttempt ? between(entry.from, entry.began) : null;
  const at = entry.ended ?? entry.at;
  return el("li", { key: entry.row.revision, class: `entry is-${tone}` },
    el("div", { class: "entry-head" },
      el("span", { class: "entry-what" },
        entry.step && entry.event !== "submitted" ? [el("strong", null, name(entry.step, 40)), " "] : null,
        el("span", { class: "entry-word" }, words),
        isAttempt && entry.row.attempt > 1 ? el("span", { class: "dim" }, ` attempt ${entry.row.attempt}`) : null),
      el("span", { class: "entry-took" }, took === null ? null : duration(took))),
    isAttempt ? describeBar(entry, scale) : null,
    el("div", { class: "dim entry-foot" },
      at ? el("time", { datetime: at, title: moment(at) }, moment(at)) : entry.kind === "waiting" && job.due_at ? ["due ", age(job.due_at)] : null,
      waited !== null && waited >= 0.05 ? el("span", null, `waited ${duration(waited)}`) : null,
      entry.row.worker_id ? el("span", null, "on ", link(to(["workers"]), brief(entry.row.worker_id))) : null),
    describeDetail(entry.row.detail));
}

function describeBar(entry, scale) {
  const [from, began, ended] = [entry.from, entry.began, entry.ended].map((one) => scale(one, entry));
  const percent = (value) => `${Math.max(0, Math.min(100, value * 100)).toFixed(2)}%`;
  return el("div", { class: "bar", "aria-hidden": "true" },
    el("span", { class: "bar-wait", style: { left: percent(from), width: percent(began - from) } }),
    el("span", { class: "bar-run", style: { left: percent(began), width: percent(ended - began) } }));
}

function describeDetail(detail) {
  if (!detail) return null;
  if (typeof detail === "string") return el("p", { class: "entry-detail lines" }, detail);
  const head = [el("strong", null, name(detail.type ?? "Error", 60)), ": ", name(detail.message ?? "", 300)];
  if (!detail.traceback) return el("p", { class: "entry-detail" }, head);
  return el("details", { class: "entry-detail" }, el("summary", null, head), el("pre", { class: "traceback", tabindex: 0 }, detail.traceback));
}

/** Return where a time stands between the first and the last one, from 0 to 1. */
function wholeScale(job, entries) {
  const times = entries.flatMap((one) => [one.from, one.began, one.ended, one.at]).filter(Boolean).map(Date.parse);
  const first = Math.min(...times);
  const last = job.finished_at ? Math.max(...times) : Math.max(...times, first + between(new Date(first).toISOString()) * 1000);
  const span = Math.max(1, last - first);
  return (at) => ((at ? Date.parse(at) : last) - first) / span;
}

/** Return the same for a clock that stands still while nothing runs. */
function tightScale(entries) {
  const runs = entries.filter((one) => one.kind === "attempt");
  const total = runs.reduce((sum, one) => sum + between(one.began, one.ended), 0) || 1;
  let passed = 0;
  const starts = new Map(runs.map((one) => {
    const start = passed;
    passed += between(one.began, one.ended);
    return [one, start / total];
  }));
  return (at, entry) => {
    const start = starts.get(entry);
    if (at === entry.from || at === entry.began) return start;
    return start + between(entry.began, entry.ended) / total;
  };
}
