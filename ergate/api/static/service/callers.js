// Which workflows call a service.

import { ask } from "../api.js";
import { el } from "../dom.js";
import { name } from "../format.js";
import { link } from "../parts.js";
import { to } from "../router.js";

/** Return the names of the workflows that call each service, as a Map. */
export async function askCallers(signal) {
  const callers = new Map();
  for (const definition of await ask("/w", {}, signal)) {
    const called = [...(definition.services ?? []), ...(definition.operations ?? []).map((one) => one.service)];
    for (const service of new Set(called.filter(Boolean))) callers.set(service, [...(callers.get(service) ?? []), definition.name]);
  }
  return callers;
}

/** Describe the workflows that call a service. */
export function describeCallers(workflows = []) {
  if (workflows.length === 0) return el("span", { class: "dim" }, "nobody");
  return workflows.map((one, at) => [at ? ", " : null, link(to(["workflows", one]), name(one, 40))]);
}
