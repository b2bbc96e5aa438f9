// Messages that nobody could understand.

import { ask } from "../api.js";
import { el } from "../dom.js";
import { age, brief, count, name } from "../format.js";
import { bytesOf, told } from "../letters/body.js";
import { card, link, nothing, table } from "../parts.js";
import { to } from "../router.js";

const MOST = 200;
const LOOK_S = 10;

export function open(view) {
  const state = { letters: null };
  const load = view.loader(2, async () => { state.letters = await ask("dead-letters", { limit: MOST }, view.signal); });
  view.every(LOOK_S, load);
  load();
  view.show(() => [el("h1", null, "Dead letters"), state.letters === null ? nothing("Looking …") : describeList(state.letters)]);
}

function describeList(letters) {
  if (letters.length === 0) return card("There are none", { key: "list" },
    nothing("A message in which no worker recognises a job is kept here with the reason, instead of being lost. The same list: ", el("code", null, "ergate queues dead list"), "."));
  const columns = [
    { title: "Letter", class: "is-name", cell: (one) => link(to(["dead-letters", one.id]), brief(one.id)) },
    { title: "Queue", cell: (one) => name(one.queue, 40) },
    { title: "Reason", class: "is-wide", cell: (one) => name(one.reason, 200) },
    { title: "Size", class: "is-number", cell: (one) => told(bytesOf(one).length) },
    { title: "When", class: "is-short", cell: (one) => age(one.at) },
  ];
  const title = letters.length < MOST ? count(letters.length, "dead letter") : `The newest ${MOST} dead letters`;
  return card(title, { key: "list" }, table("Dead letters, the newest first", columns, letters, (one) => one.id));
}
