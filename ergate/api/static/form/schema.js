// What a JSON Schema asks for, as a form sees it: one kind of field for each place.

const DEEPEST = 8;
const LONGEST_CHAIN = 20;
const KINDS = { string: "text", integer: "whole", number: "decimal", boolean: "yes" };

/**
 * Return the field that a schema describes; `root` holds what its references point at.
 *
 * A field has a `kind`: "text", "whole", "decimal", "yes", "choice", "fixed", "list", "group", or
 * "json" for what no form can ask. Beside it are `isRequired`, `isNullable`, `description`,
 * `fallback` (its default, or undefined) and `schema`; a list has `item()`, a group `members()`.
 */
export function readField(schema, root = schema, { name = "", isRequired = true, depth = 0 } = {}) {
  const { isNullable, ...whole } = withoutNull(resolved(schema, root), root);
  const kind = depth > DEEPEST ? "json" : kindOf(whole);
  return {
    name, kind, isRequired, isNullable, schema: whole,
    description: typeof whole.description === "string" ? whole.description : "",
    fallback: whole.default,
    options: kind === "choice" ? whole.enum.filter((one) => one !== null) : [],
    item: once(() => readField(whole.items, root, { depth: depth + 1 })),
    members: once(() => membersOf(whole, root, depth)),
  };
}

function membersOf(schema, root, depth) {
  const required = new Set(Array.isArray(schema.required) ? schema.required : []);
  return Object.entries(schema.properties).map(([name, one]) =>
    readField(one, root, { name, isRequired: required.has(name), depth: depth + 1 }));
}

/** Follow references, and take a single `allOf` as what it stands for. */
function resolved(schema, root) {
  let found = asObject(schema);
  for (let at = 0; at < LONGEST_CHAIN; at += 1) {
    const { $ref, allOf, ...beside } = found;
    if (typeof $ref === "string") found = { ...asObject(pointedAt($ref, root)), ...beside };
    else if (allOf?.length === 1) found = { ...asObject(allOf[0]), ...beside };
    else return found;
  }
  return {};
}

function pointedAt(reference, root) {
  if (!reference.startsWith("#/")) return {};
  const parts = reference.slice(2).split("/").map((part) => part.replaceAll("~1", "/").replaceAll("~0", "~"));
  return parts.reduce((found, part) => (Object.hasOwn(asObject(found), part) ? found[part] : {}), root);
}

/** Return the schema of what is not null, and whether null is allowed. */
function withoutNull(schema, root) {
  const { anyOf, oneOf, ...beside } = schema;
  const ways = anyOf ?? oneOf;
  if (Array.isArray(ways)) {
    const others = ways.map((one) => resolved(one, root)).filter((one) => one.type !== "null");
    const isNullable = others.length < ways.length;
    if (others.length === 1) return { ...others[0], ...beside, isNullable };
    // A decimal number may be written as a text, which keeps all of its digits.
    const text = others.find((one) => one.type === "string" && one.pattern);
    if (text && others.every((one) => one === text || one.type === "number")) return { ...text, ...beside, isNullable };
    return { ...schema, isNullable };
  }
  if (Array.isArray(schema.type) && schema.type.length === 2 && schema.type.includes("null")) {
    return { ...schema, type: schema.type.find((one) => one !== "null"), isNullable: true };
  }
  return { ...schema, isNullable: Array.isArray(schema.enum) && schema.enum.includes(null) };
}

function kindOf(schema) {
  if ("const" in schema) return "fixed";
  if (schema.anyOf ?? schema.oneOf ?? schema.allOf ?? schema.not) return "json";
  if (Array.isArray(schema.enum)) return schema.enum.every((one) => one === null || typeof one !== "object") ? "choice" : "json";
  if (schema.type === "array") return schema.items && typeof schema.items === "object" && !schema.prefixItems ? "list" : "json";
  if (schema.type === "object") return isGroup(schema) ? "group" : "json";
  return KINDS[schema.type] ?? "json";
}

function isGroup(schema) {
  const isOpen = typeof schema.additionalProperties === "object" || schema.patternProperties;
  return !isOpen && Object.keys(asObject(schema.properties)).length > 0;
}

function asObject(value) {
  return value !== null && typeof value === "object" && !Array.isArray(value) ? value : {};
}

function once(make) {
  let made;
  return () => (made ??= make());
}
