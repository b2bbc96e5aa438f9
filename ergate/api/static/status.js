// The states of a job: always a colour and a word.

import { el } from "./dom.js";

/** All states, in the order in which a job goes through them. */
export const STATUSES = [
  "pending",
  "scheduled",
  "queued",
  "running",
  "cancelling",
  "completed",
  "failed",
  "aborted",
  "cancelled",
];

/** What each means, for whoever hovers. */
export const MEANING = {
  pending: "on its way to another store",
  scheduled: "waits for a time: a start, the next attempt, or a pause",
  queued: "ready: any worker of its queue may take it",
  running: "a worker holds it",
  cancelling: "runs, and will be cancelled when its step ends",
  completed: "its last step returned",
  failed: "a step failed and may not be tried again",
  aborted: "a step ended it on purpose",
  cancelled: "a person asked for it",
};

const ENDED = new Set(["completed", "failed", "aborted", "cancelled"]);
const CANCELLABLE = new Set(["scheduled", "queued", "running"]);

export function hasEnded(status) {
  return ENDED.has(status);
}

export function canBeCancelled(status) {
  return CANCELLABLE.has(status);
}

/** Return whether the order for many jobs would let it run again. */
export function canBeRetried(status) {
  return ENDED.has(status) && status !== "completed";
}

/** Describe a state. */
export function badge(status) {
  return el("span", { class: `badge is-${STATUSES.includes(status) ? status : "unknown"}`, title: MEANING[status] ?? "" }, status);
}
