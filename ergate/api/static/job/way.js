// The way that a job has gone, read from its history: steps, inputs, results, attempts.

/** What a row of the history is about: an attempt to run a step, or something that happened to the job. */
const ATTEMPTS = new Set(["applied", "retried", "failed", "aborted", "released", "unroutable", "recovered"]);

/**
 * Return `{ steps, reached, taken, current }` for a job, its history, and its workflow or null.
 *
 * `steps` are those that count now, in order: `{ name, input, result, isDone, isEdited }`. A restart
 * takes back those from its step on. `taken` holds the ways between them as `wayKey` writes them.
 */
export function readWay(job, history, workflow) {
  const hops = hopsOf(history);
  const names = [firstName(job, hops, workflow), ...hops.map((hop) => hop.next_step).filter((one) => one !== null)];
  const before = Math.max(0, job.steps_completed - hops.length);
  const steps = names.map((name, at) => ({
    name,
    input: inputAt(job, hops, at, names.length, before),
    result: at < hops.length ? hops[at].result : undefined,
    isDone: at < hops.length,
    isEdited: at > 0 && history.some((row) => row.event === "restarted" && row.step_name === name),
  }));
  const taken = new Set(names.slice(1).map((name, at) => wayKey(names[at], name)));
  if (job.status === "completed") taken.add(wayKey(names.at(-1), null));
  const current = job.status === "completed" ? null : names.at(-1);
  return { steps, reached: names, taken, current };
}

/** Return the name of a way; null is the end. */
export function wayKey(from, to) {
  return JSON.stringify([from, to]);
}

/**
 * Return what happened, in order: attempts with `from`, `began` and `ended`, and moments with `at`.
 *
 * All have `event`, `step`, `row`; an attempt began when a worker took the job, and had waited since `from`.
 */
export function readTimeline(job, history) {
  const entries = [];
  let from = job.created_at;
  for (const row of history) {
    if (ATTEMPTS.has(row.event) && row.claimed_at) {
      entries.push({ kind: "attempt", event: row.event, step: row.step_name, from, began: row.claimed_at, ended: row.at, row });
    } else {
      entries.push({ kind: "moment", event: row.event, step: row.step_name, from, at: row.at, row });
    }
    from = row.at;
  }
  if (job.status === "running" || job.status === "cancelling") {
    entries.push({ kind: "attempt", event: job.status, step: job.step_name, from, began: job.claimed_at ?? from, ended: null, row: { attempt: job.attempt + 1, worker_id: job.worker_id, revision: job.revision } });
  } else if (job.status === "queued" || job.status === "scheduled") {
    entries.push({ kind: "waiting", event: job.status, step: job.step_name, from, at: null, row: { revision: job.revision + 1 } });
  }
  return entries;
}

function hopsOf(history) {
  let hops = [];
  for (const row of history) {
    if (row.event === "applied") hops.push({ ...row });
    else if (row.event === "delivered" && hops.length) hops.at(-1).result = row.result;
    else if (row.event === "restarted") {
      const led = row.step_name === null ? -1 : hops.findLastIndex((hop) => hop.next_step === row.step_name);
      hops = hops.slice(0, led + 1);
    }
  }
  return hops;
}

function firstName(job, hops, workflow) {
  const known = hops.length ? hops[0].step_name : job.step_name;
  return known ?? workflow?.steps[hops.length ? 0 : job.current_step]?.name ?? "(the first step)";
}

function inputAt(job, hops, at, size, before) {
  // What the last one gets the job itself knows best: somebody may have edited it.
  const isCurrent = at === size - 1 && job.status !== "completed";
  if (isCurrent) return job.steps_completed ? job.last_return_value : job.initial_input_value;
  if (at > 0) return hops[at - 1].result;
  return before ? undefined : job.initial_input_value;
}
