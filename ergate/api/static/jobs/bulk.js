// Orders about many jobs: asked first, with their number, and told afterwards.

import { ask as question, order } from "../api.js";
import { ask } from "../dialogs.js";
import { el } from "../dom.js";
import { count, name, number } from "../format.js";
import { note, noteProblem } from "../notes.js";
import { button, link } from "../parts.js";
import { Problem } from "../problem.js";
import { to } from "../router.js";
import { canBeCancelled, canBeRetried } from "../status.js";
import { inWords, matchingOf } from "./filters.js";

const MOST_IDS = 1000;
const MOST_MATCHES = 10_000;
const TOLD_PROBLEMS = 20;

const CANCEL = {
  path: "bulk/cancel", verb: "Cancel", done: "cancelled", kind: "is-danger", allows: canBeCancelled,
  words: "Those that wait are cancelled at once, those that run when their step ends.",
  others: "Jobs that have ended stay as they are.",
};
const RETRY = {
  path: "bulk/retry", verb: "Retry", done: "handed in again", kind: "is-main", allows: canBeRetried,
  words: "Each runs again from the step at which it stopped. What that step did outside may happen a second time.",
  others: "Only failed, aborted and cancelled jobs run again.",
};

/** Describe what is chosen and what can be done with it. `reload` looks at the jobs again. */
export function describeBulk({ selection, filters, total, isReadOnly, reload }) {
  const isNone = !selection.isEverything && selection.size === 0;
  const press = (action) => () => carryOut(action, selection, filters).then((isDone) => isDone && reload(), noteProblem);
  const buttons = [CANCEL, RETRY].map((action) =>
    button(`${action.verb} …`, press(action), { disabled: isNone || isReadOnly, key: action.verb, title: isReadOnly ? "This server refuses every change." : null }));
  return el("div", { class: "bulk", role: "group", "aria-label": "Selected jobs" },
    el("span", { "aria-live": "polite" }, told(selection, total)),
    isNone ? null : button("Clear the selection", () => selection.clear(), { kind: "is-quiet" }),
    total && !filters.text && !selection.isEverything
      ? button(`Select all ${number(total)} that match`, () => selection.chooseEverything(), { kind: "is-quiet" })
      : null,
    el("span", { class: "bulk-end" }, buttons));
}

function told(selection, total) {
  if (selection.isEverything) return `All ${count(total ?? 0, "job")} that match are selected`;
  return selection.size ? `${count(selection.size, "job")} selected` : el("span", { class: "dim" }, "No job selected");
}

async function carryOut(action, selection, filters) {
  const wish = selection.isEverything ? await wishForAll(action, filters) : wishForSome(action, selection);
  const answer = await ask({
    title: `${action.verb} ${count(wish.many, "job")}?`,
    label: `${action.verb} ${count(wish.many, "job")}`,
    kind: action.kind,
    content: () => [
      wish.words ? el("p", null, wish.words) : null,
      el("p", null, action.words),
      wish.others ? el("p", { class: "dim" }, action.others) : null,
    ],
    submit: () => order("POST", action.path, wish.body),
  });
  if (answer === null) return false;
  selection.clear();
  if (answer.problems.length === 0) note(`${count(answer.done.length, "job")} ${action.done}.`);
  else await tellProblems(action, answer);
  return true;
}

/** Return what is asked about everything that matches: only jobs that the order can change count. */
async function wishForAll(action, filters) {
  const matching = matchingOf(filters);
  const { counts, total } = await question("counts", matching);
  const many = Object.entries(counts).reduce((sum, [status, one]) => sum + (action.allows(status) ? one : 0), 0);
  if (many === 0) throw impossible(action);
  if (many > MOST_MATCHES) {
    throw new Problem({
      title: `${number(many)} jobs are too many for one order.`,
      detail: `It takes ${number(MOST_MATCHES)} at most.`,
      next_step: "Narrow the filters, for instance by the time they were handed in.",
    });
  }
  const which = inWords(matching);
  const words = ["Everything that matches", which ? [": ", name(which, 200)] : null, ", also what this page does not show."];
  return { many, words, others: many < total, body: { matching, expected: many } };
}

function wishForSome(action, selection) {
  const ids = selection.idsWith(action.allows);
  if (ids.length === 0) throw impossible(action);
  if (ids.length > MOST_IDS) {
    throw new Problem({ title: `${number(ids.length)} jobs are too many to name one by one.`, next_step: "Filter for them, and select all that match." });
  }
  return { many: ids.length, words: null, others: ids.length < selection.size, body: { ids } };
}

function impossible(action) {
  return new Problem({ title: `None of these jobs can be ${action === CANCEL ? "cancelled" : "retried"}.`, detail: action.others });
}

function tellProblems(action, { done, problems }) {
  const rest = problems.length - TOLD_PROBLEMS;
  return ask({
    title: `${count(done.length, "job")} ${action.done}, ${number(problems.length)} not`,
    label: "Understood",
    content: () => el("ul", { class: "plain-list" },
      problems.slice(0, TOLD_PROBLEMS).map((one) =>
        el("li", { key: one.id }, link(to(["jobs", one.id]), name(one.id, 40)), el("div", { class: "dim" }, one.problem))),
      rest > 0 ? el("li", { class: "dim" }, `and ${number(rest)} more`) : null),
    submit: async () => true,
  });
}
