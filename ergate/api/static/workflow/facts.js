// Small facts about a workflow: where it comes from, and which version it is.

import { el } from "../dom.js";

const SHOWN = 10;

/** Return whether a workflow was registered as a definition, not declared by the app. */
export function isDeclared(workflow) {
  return workflow.declared ?? workflow.is_declared ?? Boolean(workflow.definition);
}

/** Describe where a workflow comes from. */
export function describeOrigin(workflow) {
  return isDeclared(workflow)
    ? el("span", { class: "tag", title: "Registered as JSON: it calls services." }, "declared")
    : el("span", { class: "tag", title: "Functions of the app that this server was started with." }, "app");
}

/** Describe a version: the beginning of its hash tells it from others. */
export function describeVersion(workflow) {
  const version = workflow.version ?? workflow.fingerprint ?? "";
  return el("span", { class: "id dim", title: version }, version.slice(0, SHOWN));
}
