// How a service does: the last time that somebody asked it, and what the newest jobs met.

import { order, path } from "../api.js";
import { el } from "../dom.js";
import { age, duration, name, number } from "../format.js";
import { noteProblem } from "../notes.js";
import { button } from "../parts.js";
import { myRights } from "../session.js";

const TROUBLE = 500;
const NOT_KNOWN = 501; // many services know no HEAD, and are well

/** Describe the last ping of a service, or that there was none. */
export function describePing({ last_ping: ping }) {
  if (!ping) return el("span", { class: "dim" }, "not asked yet");
  if (!ping.reached) return [el("span", { class: "whole" }, el("span", { class: "dot is-bad" }), " not reached, ", age(ping.at)), el("div", { class: "dim" }, name(ping.error, 160))];
  const isWell = ping.status < TROUBLE || ping.status === NOT_KNOWN;
  return [
    el("span", { class: "whole" }, el("span", { class: `dot ${isWell ? "is-good" : "is-bad"}` }), ` answers in ${duration(ping.elapsed_s)}`),
    el("div", { class: "dim" }, isWell ? null : `with status ${ping.status}, `, "asked ", age(ping.at)),
  ];
}

/** Describe the button that asks a service; `told` is called with what came of it. */
export function describePingButton(service, told) {
  const isRefused = myRights().read_only;
  const press = async () => {
    try {
      told(await order("POST", path("services", service, "ping")));
    } catch (error) {
      noteProblem(error);
    }
  };
  return button("Ping", press, {
    disabled: isRefused, "aria-label": `Ping ${service}`,
    title: isRefused ? "This server refuses it." : "Ask whether anything answers there; neither data nor secrets are sent",
  });
}

/** Describe how many calls failed. */
export function describeFailures({ failures }) {
  return failures ? el("span", { class: "is-failed toned" }, number(failures)) : "0";
}
