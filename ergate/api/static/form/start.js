// A form that hands in a job of a workflow: its input by the input's schema, and how it is to run.

import { order } from "../api.js";
import { el } from "../dom.js";
import { brief } from "../format.js";
import { compact, parse, pretty } from "../json.js";
import { button, card, link, nothing, problemBox } from "../parts.js";
import { asProblem } from "../problem.js";
import { to } from "../router.js";
import { myRights } from "../session.js";
import { draftOf, LEFT_OUT, Misfit, newDraft, valueOf } from "./draft.js";
import { placedFaults, placeOf, isWithin } from "./faults.js";
import { describeField, describeMembers } from "./fields.js";
import { readField } from "./schema.js";

const TEXT = { type: "string" };
/** How a job is to run, beside its input; named as in the request. */
const WISHES = readField({
  type: "object",
  properties: {
    id: { ...TEXT, description: "A name of your own for the job: the same one again changes nothing." },
    queue: { ...TEXT, description: "Instead of the queue of its first step." },
    priority: { type: "integer", description: "Higher goes first; without one it is 0." },
    in_s: { type: "number", description: "Starts so many seconds from now." },
    at: { type: "string", format: "date-time", description: "Starts at this time, with its zone." },
    context: { description: "What all of its steps can look at." },
  },
});

/** Return a function that describes the form for `workflow`, whose `input_schema` may be null. */
export function newStartForm(workflow, redraw) {
  const takesInput = workflow.input_schema !== null;
  const field = takesInput ? readField(workflow.input_schema, workflow.input_schema, { name: parameterOf(workflow) }) : null;
  const state = {
    workflow, field, draft: field && newDraft(field), wishes: newDraft(WISHES), redraw,
    json: null, faults: [], problem: null, started: null, isBusy: false,
  };
  return () => describe(state);
}

/** Return what the first step calls its input: its name in "issue: str". */
function parameterOf({ steps: [{ takes }] }) {
  return takes?.includes(":") ? takes.slice(0, takes.indexOf(":")) : "input";
}

function describe(state) {
  const isRefused = myRights().read_only;
  const submit = (event) => { event.preventDefault(); send(state); };
  const beside = state.field ? button("As JSON", () => toggle(state), { kind: "is-quiet", "aria-pressed": String(state.json !== null), title: "Write the whole input as JSON, or fill in fields" }) : null;
  return card("Start a job", { key: "start", beside },
    el("form", { class: "start-form", novalidate: true, on: { submit } },
      describeInput(state),
      el("details", { class: "advanced" }, el("summary", null, "Queue, priority, time, context"),
        el("div", { class: "fields" }, describeMembers(WISHES, state.wishes, contextOf(state, "wishes")))),
      state.problem ? problemBox(state.problem) : null,
      el("div", { class: "start-end" },
        state.started ? el("p", { role: "status" }, "Started ", link(to(["jobs", state.started]), brief(state.started, 40))) : null,
        el("button", { type: "submit", class: "button is-main", disabled: state.isBusy || isRefused, title: isRefused ? "This server refuses every change." : null }, "Start the job"))));
}

function describeInput(state) {
  if (!state.field) return nothing("This workflow takes no input.");
  if (state.json !== null) return describeJson(state);
  const context = contextOf(state, "input");
  return el("div", { class: "fields", key: "fields" }, state.field.kind === "group" && state.draft.isGiven
    ? describeMembers(state.field, state.draft, context)
    : describeField(state.field, state.draft, context));
}

function describeJson(state) {
  const change = (event) => { state.json = event.target.value; state.faults = []; state.redraw(); };
  const faults = state.faults.filter((one) => one.of === "input").map((one) => (one.place ? `${one.place}: ${one.text}` : one.text));
  return el("div", { class: "field", key: "json" },
    el("label", { for: "start-json", class: "field-name" }, "The input, as JSON"),
    el("textarea", { id: "start-json", rows: 12, value: state.json, spellcheck: "false", "aria-describedby": "start-json-faults", "aria-invalid": faults.length ? "true" : null, on: { input: change } }),
    el("p", { id: "start-json-faults", class: "fault lines", role: "status" }, faults.join("\n")));
}

function contextOf(state, of) {
  const mine = () => state.faults.filter((one) => one.of === of);
  return {
    prefix: of,
    faultsAt: (path) => mine().filter((one) => one.shownAt === placeOf(path)).map((one) => one.text),
    changed: (path) => {
      state.faults = state.faults.filter((one) => one.of !== of || !isWithin(one.shownAt, placeOf(path)));
      Object.assign(state, { problem: null, started: null });
      state.redraw();
    },
  };
}

/** Change between fields and JSON, without losing what was typed. */
function toggle(state) {
  state.problem = null;
  if (state.json === null) {
    const value = valueOf(state.field, state.draft, []);
    state.json = value === LEFT_OUT ? "" : pretty(value);
    state.faults = [];
  } else {
    readJson(state);
  }
  state.redraw();
}

function readJson(state) {
  try {
    state.draft = state.json.trim() === "" ? newDraft(state.field) : draftOf(state.field, parse(state.json));
    Object.assign(state, { json: null, faults: [] });
  } catch (error) {
    const text = error instanceof Misfit ? "The fields cannot show this value, but it can be sent as it is." : `This is no JSON: ${error.message}`;
    state.faults = [{ of: "input", place: "", shownAt: "", text }];
  }
}

async function send(state) {
  if (state.isBusy) return;
  Object.assign(state, { faults: [], problem: null, started: null });
  const body = bodyOf(state);
  if (state.faults.length) return tellFaults(state);
  state.isBusy = true;
  state.redraw();
  try {
    state.started = (await order("POST", "jobs", body)).id;
  } catch (error) {
    take(state, asProblem(error));
  }
  state.isBusy = false;
  if (state.faults.length) tellFaults(state);
  else state.redraw();
}

/** Return the request as JSON text; what cannot be sent is noted as faults. */
function bodyOf(state) {
  const wishes = valueOf(WISHES, state.wishes, faultsInto(state, "wishes"));
  const input = inputOf(state);
  return compact({ workflow: state.workflow.name, ...wishes, ...(input === LEFT_OUT ? {} : { input }) });
}

function inputOf(state) {
  if (!state.field) return LEFT_OUT;
  if (state.json === null) return valueOf(state.field, state.draft, faultsInto(state, "input"));
  try {
    return state.json.trim() === "" ? LEFT_OUT : parse(state.json);
  } catch (error) {
    state.faults.push({ of: "input", place: "", shownAt: "", text: `This is no JSON: ${error.message}` });
    return LEFT_OUT;
  }
}

function faultsInto(state, of) {
  return { push: ({ path, text }) => state.faults.push({ of, place: placeOf(path), shownAt: placeOf(path), text }) };
}

/** Take what the server found wrong: at its fields where they are known, else as a whole. */
function take(state, problem) {
  const found = problem.status === 422 ? placedFaults(problem).map((one) => broughtHome(state, one)) : [];
  state.faults = found.filter((one) => one !== null);
  const isAllPlaced = found.length > 0 && state.faults.length === found.length;
  state.problem = isAllPlaced ? null : problem;
}

/** Return a fault with the field at which it is shown, or null when there is none. */
function broughtHome(state, { place, text }) {
  const inBody = place.startsWith("body.") ? place.slice(5) : null;
  const wish = inBody && WISHES.members().find((one) => isWithin(inBody, one.name));
  if (wish) return { of: "wishes", place: inBody, shownAt: wish.name, text };
  if (!state.field || inBody) return null;
  if (state.json !== null) return { of: "input", place, shownAt: "", text };
  const shownAt = place === "the input" ? "" : nearest(state.field, state.draft, place, []);
  return shownAt === null ? null : { of: "input", place, shownAt, text };
}

/** Return the place of the innermost field that holds a place. */
function nearest(field, draft, place, path) {
  const below = field.kind === "group" && draft.isGiven
    ? field.members().map((one) => [one, draft.members?.get(one.name), one.name])
    : field.kind === "list" ? draft.items.map((one, at) => [field.item(), one.draft, at]) : [];
  const inner = below.find(([, one, part]) => one && isWithin(place, placeOf([...path, part])));
  if (inner) return nearest(inner[0], inner[1], place, [...path, inner[2]]);
  return path.length || field.kind !== "group" ? placeOf(path) : null;
}

/** Show the faults, and bring whoever types to the first of them. */
function tellFaults(state) {
  state.redraw();
  requestAnimationFrame(() => requestAnimationFrame(() => {
    const first = document.querySelector(".start-form [aria-invalid=true]");
    const fold = first?.closest("details");
    if (fold) fold.open = true;
    first?.focus();
  }));
}
