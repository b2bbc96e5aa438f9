// One dead letter: why it is one, its bytes, and the order to read it once more.

import { ask, order, path } from "../api.js";
import { ask as question } from "../dialogs.js";
import { el } from "../dom.js";
import { age, brief, name } from "../format.js";
import { copyButton } from "../json_view.js";
import { bytesOf, describeHex, told } from "../letters/body.js";
import { noteProblem } from "../notes.js";
import { button, card, facts, link, nothing } from "../parts.js";
import { to } from "../router.js";
import { myRights } from "../session.js";

export function open(view) {
  const [id] = view.parts;
  const state = { letter: null, job: null, isWhole: false };
  view.title(`Dead letter ${id}`);
  view.load(async () => { state.letter = await ask(path("dead-letters", id), {}, view.signal); });
  view.show(() => describe(view, id, state));
}

function describe(view, id, state) {
  const { letter } = state;
  const head = el("p", { class: "dim crumbs" }, link(to(["dead-letters"]), "Dead letters"), " /");
  if (letter === null) return [head, el("h1", null, "Dead letter ", brief(id, 40)), view.problem ? null : nothing("Looking …")];
  const bytes = bytesOf(letter);
  return [
    el("header", { class: "one-head" }, head,
      el("div", { class: "page-head" }, el("h1", null, "Dead letter"), state.job ? null : describeRequeue(view, state))),
    state.job ? el("p", { class: "success", role: "status" }, "It was understood this time, and is the job ", link(to(["jobs", state.job]), brief(state.job, 40)), ".") : null,
    card("Why it is here", { key: "facts" }, el("p", { class: "lines" }, letter.reason), facts([
      ["Queue", name(letter.queue, 80)],
      ["Arrived", age(letter.at)],
      ["Size", told(bytes.length)],
      ["Id", el("span", { class: "wrapping" }, letter.id), "wide"],
    ])),
    card("As text", { key: "text" }, letter.body === null
      ? nothing("It is no text in UTF-8.")
      : el("div", { class: "json" }, el("pre", { tabindex: 0, "aria-label": "The body as text" }, letter.body), copyButton(letter.body, "The body"))),
    card("As bytes", { key: "bytes" }, bytes.length === 0 ? nothing("It is empty.")
      : describeHex(bytes, { isWhole: state.isWhole, showAll: () => { state.isWhole = true; view.redraw(); } })),
  ];
}

function describeRequeue(view, state) {
  const isRefused = myRights().read_only;
  return button("Requeue …", () => requeue(view, state).catch(noteProblem), { disabled: isRefused, title: isRefused ? "This server refuses every change." : null });
}

async function requeue(view, state) {
  const answer = await question({
    title: "Read this letter once more?",
    label: "Requeue",
    content: () => [
      el("p", null, "If it is understood now, as after an upgrade, its job is handed in and the letter goes. Else it stays, and you are told why."),
      el("p", { class: "dim" }, "Doing it twice makes no second job."),
    ],
    submit: () => order("POST", path("dead-letters", state.letter.id, "requeue")),
  });
  if (answer) { state.job = answer.job; view.redraw(); }
}
