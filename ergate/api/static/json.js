// JSON in which large numbers stay exact, both when it is read and when it is shown.

/** Return the value of a JSON text; a whole number that JavaScript would round becomes a BigInt. */
export function parse(text) {
  return JSON.parse(text, (_key, value, context) =>
    typeof value === "number" && !Number.isSafeInteger(value) && /^-?\d+$/.test(context?.source)
      ? BigInt(context.source)
      : value,
  );
}

/** Return a value as JSON text with line ends and indents. */
export function pretty(value) {
  return written(value, "");
}

/** Return a value as JSON in one line. */
export function compact(value) {
  return pretty(value).replace(/\n\s*/g, " ");
}

function written(value, indent) {
  if (typeof value === "bigint") return String(value);
  if (value === null || typeof value !== "object") return JSON.stringify(value) ?? "null";
  const inner = `${indent}  `;
  const parts = Array.isArray(value)
    ? value.map((one) => written(one, inner))
    : Object.entries(value).map(([name, one]) => `${JSON.stringify(name)}: ${written(one, inner)}`);
  const [open, close] = Array.isArray(value) ? "[]" : "{}";
  if (parts.length === 0) return open + close;
  return `${open}\n${inner}${parts.join(`,\n${inner}`)}\n${indent}${close}`;
}
