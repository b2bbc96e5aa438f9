// One service: how it does, what it takes and answers, and who calls it.

import { ask, path } from "../api.js";
import { el } from "../dom.js";
import { age, duration, name, number } from "../format.js";
import { compact } from "../json.js";
import { jsonView } from "../json_view.js";
import { card, facts, link, nothing, table } from "../parts.js";
import { to } from "../router.js";
import { askCallers, describeCallers } from "../service/callers.js";
import { describeFailures, describePing, describePingButton } from "../service/health.js";
import { describeVersion } from "../workflow/facts.js";

const LOOK_S = 5;
const ADDED = new Set(["id", "version", "created_at", "health"]); // to what was registered

export function open(view) {
  const [serviceName] = view.parts;
  const state = { service: null, callers: new Map() };
  view.title(`Service ${serviceName}`);
  const load = view.loader(LOOK_S, async () => {
    state.service = await ask(path("services", serviceName), {}, view.signal);
    state.callers = await askCallers(view.signal);
  });
  view.watch("counts", load);
  load();
  view.show(() => describe(view, serviceName, state));
}

function describe(view, serviceName, { service, callers }) {
  const head = el("p", { class: "dim crumbs" }, link(to(["services"]), "Services"), " /");
  if (service === null) return [head, el("h1", null, name(serviceName, 80)), view.problem ? null : nothing("Looking …")];
  return [
    el("header", { class: "one-head" }, head,
      el("div", { class: "page-head" }, el("h1", null, name(service.name, 120)),
        describePingButton(service.name, (ping) => { service.health.last_ping = ping; view.redraw(); })),
      el("p", { class: "dim" }, "version ", describeVersion(service), ", registered ", age(service.created_at)),
      service.description ? el("p", { class: "lines" }, service.description) : null),
    el("div", { class: "columns" }, describeHealth(service), describeFacts(service, callers)),
    el("div", { class: "columns" },
      describeFields("Inputs", service.inputs, "It takes nothing."), describeFields("Outputs", service.outputs, "Nothing of its answer is used.")),
    card("Definition", { key: "definition" }, jsonView(Object.fromEntries(Object.entries(service).filter(([key]) => !ADDED.has(key))), "The definition")),
  ];
}

function describeHealth({ health }) {
  return card("How it does", { key: "health", beside: el("span", { class: "dim" }, "calls of the newest jobs") }, facts([
    ["Last ping", describePing(health), "wide"],
    ["Calls", number(health.calls)],
    ["Failed", describeFailures(health)],
    ["Half within", duration(health.p50_s)],
    ["95 % within", duration(health.p95_s)],
  ]));
}

function describeFacts(service, callers) {
  return card("Facts", { key: "facts" }, facts([
    ["Address", el("span", { class: "address" }, name(service.address, 300)), "wide"],
    ["Called by", describeCallers(callers.get(service.name)), "wide"],
    ["Time limit of a call", service.timeout_s ? duration(service.timeout_s) : "the server's"],
    ["Credential", service.credential ? name(service.credential, 60) : "none"],
    ["Errors of its own", service.errors?.length ? name(service.errors.join(", "), 200) : "none"],
  ]));
}

function describeFields(title, fields, none) {
  if (!fields?.length) return card(title, { key: title }, nothing(none));
  const columns = [
    { title: "Name", class: "is-name", cell: (one) => [el("strong", null, name(one.name, 60)), one.description ? el("div", { class: "dim" }, name(one.description, 300)) : null] },
    { title: "Type", cell: (one) => el("code", null, name(one.type, 60)) },
    { title: "Needed", cell: (one) => describeNeed(one) },
  ];
  return card(title, { key: title }, table(`${title} of the service`, columns, fields, (one) => one.name));
}

function describeNeed({ required = true, default: fallback = null }) {
  if (fallback !== null) return ["else ", el("code", null, name(compact(fallback), 60))];
  return required ? "yes" : "no";
}
