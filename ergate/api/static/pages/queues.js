// What waits in each queue, and for how long.

import { ask, order, path } from "../api.js";
import { ask as question } from "../dialogs.js";
import { el } from "../dom.js";
import { age, between, count, duration, isPast, name, number } from "../format.js";
import { note, noteProblem } from "../notes.js";
import { button, card, link, nothing, table } from "../parts.js";
import { to } from "../router.js";
import { myRights } from "../session.js";

const WAITING = ["queued", "scheduled"];

export function open(view) {
  const state = { queues: null, workers: null, letters: null };
  view.watch("queues", (queues) => { state.queues = queues; });
  view.watch("workers", (workers) => { state.workers = workers; });
  view.load(async () => { state.letters = (await ask("dead-letters", { limit: 1 }, view.signal)).length; });
  view.show(() => [
    el("h1", null, "Queues"),
    state.queues === null ? nothing("Looking …") : describeList(state.queues, state.workers),
    state.letters ? el("p", { class: "dim" }, "Some messages could not be understood: ", link(to(["dead-letters"]), "dead letters"), ".") : null,
  ]);
}

function describeList(queues, workers) {
  if (queues.length === 0) return card("Nothing waits and nothing runs", { key: "list" },
    nothing("A queue is listed while it has jobs that have not ended. Hand one in with ", el("code", null, "ergate enqueue WORKFLOW --input JSON"), "."));
  const jobs = (one, status, many) => many ? link(to(["jobs"], { queue: one.queue, status }), number(many)) : el("span", { class: "dim" }, "0");
  const columns = [
    { title: "Queue", class: "is-name", cell: (one) => [link(to(["jobs"], { queue: one.queue }), name(one.queue, 60)), describeNeglect(one, workers)] },
    { title: "Ready", class: "is-number", cell: (one) => jobs(one, "queued", one.ready) },
    { title: "Running", class: "is-number", cell: (one) => jobs(one, "running", one.running) },
    { title: "Scheduled", class: "is-number", cell: (one) => jobs(one, "scheduled", one.scheduled) },
    { title: "Oldest waits", class: "is-number", cell: (one) => one.oldest_ready_at ? duration(between(one.oldest_ready_at)) : el("span", { class: "dim" }, "–") },
    { title: "Next due", class: "is-short", cell: (one) => describeDue(one.next_due_at) },
    { title: "Orders", head: el("span", { class: "unseen-label" }, "Orders"), class: "is-end", cell: describePurge },
  ];
  const waiting = queues.reduce((sum, one) => sum + one.ready, 0);
  return card(count(queues.length, "queue"), { key: "list", beside: el("span", { class: "dim" }, `${count(waiting, "job")} ready to run`) },
    table("Queues and what waits in them", columns, queues, (one) => one.queue));
}

/** Jobs wait for ever where nobody looks. */
function describeNeglect({ queue, ready, scheduled }, workers) {
  if (workers === null || ready + scheduled === 0) return null;
  const isServed = workers.some((one) => one.is_live && (one.queues.length === 0 || one.queues.includes(queue)));
  return isServed ? null : el("div", { class: "is-aborted toned small" }, "No live worker serves it.");
}

function describeDue(at) {
  if (!at) return el("span", { class: "dim" }, "–");
  return isPast(at) ? "now" : age(at);
}

function describePurge({ queue, ready, scheduled }) {
  const isRefused = myRights().read_only;
  return button("Purge …", () => purge(queue).catch(noteProblem), {
    disabled: isRefused || ready + scheduled === 0,
    title: isRefused ? "This server refuses every change." : "Cancel all that waits in it",
    "aria-label": `Purge the queue ${queue}`,
  });
}

/** Cancel what waits, after its number was seen and agreed to. */
async function purge(queue) {
  const counts = (await ask("counts", { queue })).counts;
  const many = WAITING.reduce((sum, status) => sum + (counts[status] ?? 0), 0);
  const done = await question({
    title: `Cancel ${count(many, "job")}?`,
    label: `Cancel ${count(many, "job")}`,
    kind: "is-danger",
    content: () => [
      el("p", null, "All that waits in the queue ", el("strong", null, name(queue, 80)), " is cancelled, be it ready or scheduled. Jobs that run go on."),
      el("p", { class: "dim" }, "A cancelled job can be retried later."),
    ],
    submit: () => order("POST", path("queues", queue, "purge"), { expected: many }),
  });
  if (done !== null) note(`${count(done.cancelled, "job")} cancelled.`);
}
