// Descriptions of elements, and the one function that makes the page look like them.
//
// A page describes all of itself again whenever something changes; `draw` then touches only what
// differs. So focus, selection and scrolling stay, and nothing flickers.
// Text gets into the page as text nodes and nowhere else: no string is ever taken for markup.

import { pieces, visible } from "./text.js";

const SVG = "http://www.w3.org/2000/svg";
const PROPERTIES = new Set(["value", "checked", "indeterminate", "disabled", "open"]);
const RAW = new Set(["href", "id", "for", "name", "type", "class", "d", "viewBox", "points", "data-step"]);
const OWN = new Set(["key", "on", "style", "ready"]);

/** What each node was last drawn from. */
const drawn = new WeakMap();

/**
 * Describe an element.
 *
 * `key` tells it from its siblings when they move, `on` maps events to functions, `style` maps CSS
 * properties to values, and `ready` is called with the node once it is in the page. Other members
 * are attributes. Children are descriptions, texts, numbers, lists of them, or null for nothing.
 */
export function el(tag, props, ...children) {
  return { tag, props: props ?? {}, children: flat(children) };
}

/** Make the content of `parent` look like these descriptions. */
export function draw(parent, ...children) {
  const created = [];
  const focused = document.activeElement;
  patchChildren(parent, flat(children), created);
  // A node that was moved has lost the focus.
  if (focused !== document.activeElement && focused?.isConnected) focused.focus({ preventScroll: true });
  for (const [ready, node] of created) ready(node);
}

function flat(children) {
  return children.flat(Infinity).flatMap((child) => {
    // Nothing keeps its place, so that what stands behind it is recognised again.
    if (child === null || child === undefined || child === false || child === "") return [""];
    return typeof child === "object" ? [child] : marked(String(child));
  });
}

function marked(text) {
  return pieces(text).map((one) =>
    one.isMark ? { tag: "span", props: { class: "unseen" }, children: [one.text] } : one.text,
  );
}

function patchChildren(parent, wanted, created) {
  const keyed = new Map();
  for (const node of parent.childNodes) {
    const key = drawn.get(node)?.props.key;
    if (key !== undefined) keyed.set(key, node);
  }
  const kept = new Set(wanted.map((one) => keyed.get(one.props?.key)).filter(Boolean));
  // First what is gone, so that what follows it need not move.
  for (const node of keyed.values()) if (!kept.has(node)) node.remove();
  let at = parent.firstChild;
  for (const one of wanted) {
    const known = one.props?.key === undefined ? unkeyed(at) : keyed.get(one.props.key);
    if (known && fits(known, one)) {
      patch(known, one, created);
      if (known === at) at = at.nextSibling;
      else parent.insertBefore(known, at);
    } else {
      const node = create(one, parent, created);
      const isSpare = at !== null && !kept.has(at);
      if (isSpare) at = replaced(parent, at, node);
      else parent.insertBefore(node, at);
    }
  }
  while (at !== null) {
    const next = at.nextSibling;
    at.remove();
    at = next;
  }
}

function unkeyed(node) {
  return node !== null && drawn.get(node)?.props.key === undefined ? node : null;
}

function replaced(parent, old, node) {
  parent.replaceChild(node, old);
  return node.nextSibling;
}

function fits(node, wanted) {
  if (typeof wanted === "string") return node.nodeType === Node.TEXT_NODE;
  return node.nodeType === Node.ELEMENT_NODE && node.localName === wanted.tag;
}

function create(wanted, parent, created) {
  if (typeof wanted === "string") return document.createTextNode(wanted);
  const isSvg = wanted.tag === "svg" || parent.namespaceURI === SVG;
  const node = isSvg
    ? document.createElementNS(SVG, wanted.tag)
    : document.createElement(wanted.tag);
  patch(node, wanted, created);
  if (wanted.props.ready) created.push([wanted.props.ready, node]);
  return node;
}

function patch(node, wanted, created) {
  if (typeof wanted === "string") {
    if (node.data !== wanted) node.data = wanted;
    return;
  }
  if (drawn.get(node) === wanted) return; // the very same description: nothing has changed
  const before = drawn.get(node)?.props ?? {};
  drawn.set(node, wanted);
  patchAttributes(node, before, wanted.props);
  patchStyle(node, before.style ?? {}, wanted.props.style ?? {});
  for (const type of Object.keys(wanted.props.on ?? {})) node.addEventListener(type, dispatch);
  patchChildren(node, wanted.children, created);
  patchProperties(node, before, wanted.props);
}

/** The one listener of all nodes: what it calls is looked up in what the node was drawn from. */
function dispatch(event) {
  drawn.get(event.currentTarget)?.props.on?.[event.type]?.(event);
}

function patchAttributes(node, before, wanted) {
  for (const name of Object.keys(before)) {
    if (!(name in wanted) && !OWN.has(name) && !PROPERTIES.has(name)) node.removeAttribute(name);
  }
  for (const [name, value] of Object.entries(wanted)) {
    if (OWN.has(name) || PROPERTIES.has(name) || before[name] === value) continue;
    if (value === null || value === undefined || value === false) node.removeAttribute(name);
    else node.setAttribute(name, value === true ? "" : attribute(name, value));
  }
}

function attribute(name, value) {
  if (name.startsWith("on") || name === "style" || name === "srcdoc") {
    throw new Error(`The attribute ${name} could act; use "on" and "style" as objects.`);
  }
  if (name === "href" && !/^(#|\/(?![/\\]))/.test(value)) throw new Error("A link leads within this server.");
  return RAW.has(name) ? String(value) : visible(value);
}

function patchProperties(node, before, wanted) {
  for (const name of PROPERTIES) {
    if (!(name in wanted)) {
      if (name in before && typeof before[name] === "boolean") node[name] = false;
    } else if (name === "open") {
      // What a person has opened or closed stays so until the page wants something else.
      if (before.open !== wanted.open) node.open = wanted.open;
    } else if (name === "value" && node === document.activeElement && "value" in before) {
      continue; // somebody is typing
    } else if (node[name] !== wanted[name]) {
      node[name] = wanted[name];
    }
  }
}

function patchStyle(node, before, wanted) {
  for (const name of Object.keys(before)) if (!(name in wanted)) node.style.removeProperty(name);
  for (const [name, value] of Object.entries(wanted)) {
    if (before[name] !== value) node.style.setProperty(name, value);
  }
}
