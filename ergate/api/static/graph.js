// A workflow as a picture: steps as boxes, ways as lines; what a job has taken stands out.

import { el } from "./dom.js";
import { layOut } from "./graph_layout.js";
import { shortened } from "./text.js";

const END = "\u0000end"; // no step can be called so
const FITS = 22; // characters in a box

/**
 * Return a function that describes the graph of `steps`, names, and `ways`, `{ from, to, kind }`
 * where a `to` of null is the end.
 *
 * The function takes `stateOf(name)` ("done", "running", "waiting", "failed" or ""; the end is
 * null), `isTaken(from, to)`, and `choose(name)`, which is called for a step that was pressed.
 */
export function newGraph(steps, ways) {
  const drawn = layOut([...steps, END], ways.map((way) => ({ ...way, to: way.to ?? END })));
  return ({ stateOf = () => "", isTaken = () => false, choose = null, label = "The workflow's steps" }) => {
    const [width, height] = [Math.ceil(drawn.width) + 4, Math.ceil(drawn.height) + 4];
    const taken = (way) => isTaken(way.from, way.to === END ? null : way.to);
    return el("div", { class: "graph-box" },
      el("svg", { class: "graph", viewBox: `-2 -2 ${width} ${height}`, width, height, role: "group", "aria-label": label },
        el("defs", null, arrow("arrow"), arrow("arrow-taken")),
        // What was taken is drawn last, over the others.
        [...drawn.ways].sort((a, b) => taken(a) - taken(b)).map((way) => describeWay(way, taken(way))),
        drawn.nodes.map((node) => node.name === END ? describeEnd(node, stateOf(null)) : describeStep(node, stateOf(node.name), choose))));
  };
}

function describeWay(way, isTaken) {
  return el("path", {
    key: JSON.stringify([way.from, way.to]),
    class: `way is-${way.kind ?? "next"} ${isTaken ? "is-taken" : ""}`,
    d: way.d,
    "marker-end": isTaken ? "url(#arrow-taken)" : "url(#arrow)",
  });
}

function describeStep({ name, x, y, width, height }, state, choose) {
  const act = choose
    ? { tabindex: 0, role: "button", on: { click: () => choose(name), keydown: (event) => { if (event.key === "Enter" || event.key === " ") { event.preventDefault(); choose(name); } } } }
    : { role: "img" };
  return el("g", { key: name, class: `node is-${state || "ahead"}`, "aria-label": `${name}${state ? `, ${state}` : ""}`, ...act },
    el("title", null, state ? `${name} (${state})` : name),
    el("rect", { x: x - width / 2, y: y - height / 2, width, height, rx: 8 }),
    el("circle", { cx: x - width / 2 + 16, cy: y, r: 4.5 }),
    el("text", { x: x - width / 2 + 30, y: y + 5 }, shortened(name, FITS)));
}

function describeEnd({ x, y }, state) {
  return el("g", { key: END, class: `node is-end is-${state || "ahead"}`, role: "img", "aria-label": `the end${state ? `, ${state}` : ""}` },
    el("rect", { x: x - 34, y: y - 20, width: 68, height: 28, rx: 14 }),
    el("text", { x, y: y - 1, "text-anchor": "middle" }, "end"));
}

function arrow(id) {
  return el("marker", { id, viewBox: "0 0 8 8", refX: 4, refY: 4, markerWidth: 9, markerHeight: 9, markerUnits: "userSpaceOnUse", orient: "auto" }, el("path", { d: "M0 0.5L7 4L0 7.5z", class: id }));
}
