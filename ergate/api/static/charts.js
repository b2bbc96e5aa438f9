// Charts of what happened over time: bars that stand on each other, or lines.

import { el } from "./dom.js";
import { clock } from "./format.js";

const HIGH = 100; // of the drawing, whose width is the number of buckets

/**
 * Return a function that describes a chart of `buckets`, each with its time `at`.
 *
 * `series` are `{ label, class, value(bucket) }`, where a value may be null; `told` writes a value;
 * `isStacked` makes bars. Pointing at a bucket, or moving to it with the arrow keys, tells its values.
 */
export function newChart({ title, series, told, isStacked = false, redraw }) {
  let chosen = null;
  const choose = (index) => { chosen = index; redraw(); };
  return (buckets) => {
    const index = chosen === null ? null : Math.min(chosen, buckets.length - 1);
    const top = ceiling(Math.max(0, ...buckets.map((one) => highest(one, series, isStacked))));
    const marks = isStacked ? bars(buckets, series, top) : lines(buckets, series, top);
    return el("figure", { class: "chart" },
      el("figcaption", null,
        el("span", { class: "chart-title" }, title),
        el("span", { class: "chart-told", "aria-live": "polite" }, index === null ? legend(series) : reading(buckets[index], series, told))),
      el("div", { class: "chart-body" },
        el("div", { class: "chart-scale", "aria-hidden": "true" }, el("span", null, told(top)), el("span", null, told(top / 2)), el("span", null, told(0))),
        el("svg", {
          class: "chart-picture", viewBox: `0 0 ${buckets.length} ${HIGH}`, preserveAspectRatio: "none", tabindex: 0, role: "img",
          "aria-label": `${title}, ${clock(buckets[0].at)} to ${clock(buckets.at(-1).at)}. Arrow keys read the values.`,
          on: {
            pointermove: (event) => choose(pointedAt(event, buckets.length)),
            pointerleave: () => choose(null),
            blur: () => choose(null),
            keydown: (event) => stepped(event, index, buckets.length, choose),
          },
        }, grid(buckets.length), index === null ? null : cursor(index), marks)),
      el("div", { class: "chart-times", "aria-hidden": "true" },
        el("span", null, clock(buckets[0].at)), el("span", null, clock(buckets.at(-1).at))));
  };
}

function highest(bucket, series, isStacked) {
  const values = series.map((one) => one.value(bucket) ?? 0);
  return isStacked ? values.reduce((sum, one) => sum + one, 0) : Math.max(...values);
}

/** Return a round number that is not below a value: 1, 2, 5, 10, 20 … */
function ceiling(value) {
  if (value <= 0) return 1;
  const power = 10 ** Math.floor(Math.log10(value));
  return [1, 2, 5, 10].find((one) => one * power >= value) * power;
}

function bars(buckets, series, top) {
  return buckets.map((bucket, index) => {
    let from = HIGH;
    return el("g", { key: bucket.at }, series.map((one) => {
      const height = ((one.value(bucket) ?? 0) / top) * HIGH;
      from -= height;
      return el("rect", { class: one.class, x: index + 0.12, width: 0.76, y: from, height });
    }));
  });
}

function lines(buckets, series, top) {
  return series.map((one) => {
    let isDrawing = false;
    const d = buckets.map((bucket, index) => {
      const value = one.value(bucket);
      const [isJoined, x] = [isDrawing, index + 0.5];
      isDrawing = value !== null;
      if (!isDrawing) return "";
      const y = HIGH - (value / top) * HIGH;
      return isJoined ? `L${x} ${y}` : `M${x} ${y}h0.01`; // a value between gaps is a dot
    }).join("");
    return el("path", { key: one.label, class: `line ${one.class}`, d });
  });
}

function grid(width) {
  return [0, HIGH / 2, HIGH].map((y) => el("line", { class: "grid", x1: 0, x2: width, y1: y, y2: y }));
}

function cursor(index) {
  return el("rect", { class: "cursor", x: index, width: 1, y: 0, height: HIGH });
}

function legend(series) {
  return series.map((one) => el("span", { class: `legend ${one.class}` }, one.label));
}

function reading(bucket, series, told) {
  const values = series.map((one) => [one, one.value(bucket)]);
  return [
    el("span", { class: "dim" }, clock(bucket.at)),
    values.map(([one, value]) => el("span", { class: `legend ${one.class}` }, `${value === null ? "–" : told(value)} ${one.label}`)),
  ];
}

function pointedAt(event, size) {
  const box = event.currentTarget.getBoundingClientRect();
  return Math.max(0, Math.min(size - 1, Math.floor(((event.clientX - box.left) / box.width) * size)));
}

function stepped(event, index, size, choose) {
  const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
  if (!step) return;
  event.preventDefault();
  choose(Math.max(0, Math.min(size - 1, (index ?? size) + step)));
}
