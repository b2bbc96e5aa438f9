// What the server found wrong with a value, brought to the fields that it means.

const PLACED = /^\s*(?:- )?([^\s:](?:[^:\n]*[^\s:])?): (.+)$/;

/**
 * Return the faults of a problem as `{ place, text }`; a place is like "items.0.name".
 *
 * They are in `faults`, or stand in the detail on lines of their own.
 */
export function placedFaults(problem) {
  const lines = problem.faults.length ? problem.faults : problem.message.split("\n").slice(1);
  return lines.map((line) => PLACED.exec(line)).filter(Boolean).map(([, place, text]) => ({ place: plain(place), text }));
}

/** Return the place that a path names, to be compared with those of faults. */
export function placeOf(path) {
  return path.join(".");
}

/** Return whether a place is this one, or lies within it. */
export function isWithin(place, outer) {
  return place === outer || place.startsWith(`${outer}.`);
}

function plain(place) {
  return place.replace(/\[(\d+)\]/g, ".$1");
}
