// Small facts about a workflow: where it comes from, and which version it is.

import { el } from "../dom.js";

const SHOWN = 10;

/** Describe where a workflow comes from. */
export function describeOrigin(workflow) {
  return workflow.declared
    ? el("span", { class: "tag", title: "Registered as JSON: it calls services." }, "declared")
    : el("span", { class: "tag", title: "Functions of the app that this server was started with." }, "app");
}

/** Describe a version: the beginning of its hash tells it from others. */
export function describeVersion({ version }) {
  return el("span", { class: "id dim", title: version }, version.slice(0, SHOWN));
}
