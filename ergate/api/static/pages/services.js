// The registered services: where they are, who calls them, and how they do.

import { ask } from "../api.js";
import { el } from "../dom.js";
import { count, duration, name, number } from "../format.js";
import { card, link, nothing, table } from "../parts.js";
import { to } from "../router.js";
import { askCallers, describeCallers } from "../service/callers.js";
import { describeFailures, describePing, describePingButton } from "../service/health.js";

const LOOK_S = 5;

export function open(view) {
  const state = { services: null, callers: new Map(), why: null };
  const load = view.loader(LOOK_S, () => look(view, state));
  view.watch("counts", load);
  view.every(LOOK_S * 2, load);
  load();
  view.show(() => [el("h1", null, "Services"), describeAll(view, state)]);
}

async function look(view, state) {
  try {
    const services = await ask("services", {}, view.signal);
    state.callers = services.length ? await askCallers(view.signal) : new Map();
    state.services = services;
  } catch (error) {
    if (error.status !== 409) throw error;
    Object.assign(state, { services: [], why: error.message }); // this store keeps none
  }
}

function describeAll(view, { services, callers, why }) {
  if (services === null) return view.problem ? null : nothing("Looking …");
  if (services.length === 0) return card("No service is registered", { key: "list" }, why ? nothing(why)
    : nothing("Workflows can be made of calls to HTTP services, without code. Register one with ", el("code", null, "ergate services register service.json"), "."));
  const columns = [
    { title: "Service", class: "is-name", cell: (one) => [link(to(["services", one.name]), name(one.name, 60)), one.description ? el("div", { class: "dim" }, name(one.description, 100)) : null] },
    { title: "Address", class: "is-wide", cell: (one) => el("span", { class: "address" }, name(one.address, 44)) },
    { title: "Called by", cell: (one) => describeCallers(callers.get(one.name)) },
    { title: "Calls", class: "is-number", cell: (one) => number(one.health.calls) },
    { title: "Failed", class: "is-number", cell: (one) => describeFailures(one.health) },
    { title: "Half within", class: "is-number", cell: (one) => duration(one.health.p50_s) },
    { title: "Last ping", cell: (one) => describePing(one.health) },
    { title: "Orders", head: el("span", { class: "unseen-label" }, "Orders"), class: "is-end", cell: (one) => describePingButton(one.name, (ping) => { one.health.last_ping = ping; view.redraw(); }) },
  ];
  return card(count(services.length, "service"), { key: "list", beside: el("span", { class: "dim" }, "calls of the newest jobs") },
    table("Services and how they do", columns, services, (one) => one.name));
}
