// Addresses behind the `#`: #/jobs/some%2Fid?status=failed.

/** Return the parts and the query of an address. */
export function parseAddress(hash) {
  const [before, after = ""] = split(hash.replace(/^#\/?/, ""), "?");
  const parts = before.split("/").filter(Boolean).map(decoded);
  return { parts, query: new URLSearchParams(after) };
}

/** Return the address of a page: to(["jobs", id], { status: "failed" }). */
export function to(parts, query = {}) {
  const given = Object.entries(query).filter(([, value]) => value !== null && value !== undefined && value !== "");
  const search = new URLSearchParams(given.map(([name, value]) => [name, wellFormed(value)]));
  const path = parts.map((part) => encodeURIComponent(wellFormed(part))).join("/");
  return `#/${path}${given.length ? `?${search}` : ""}`;
}

/** Go to an address; with `replace` the back button leads past this one. */
export function go(address, { replace = false } = {}) {
  if (address === location.hash) return;
  history[replace ? "replaceState" : "pushState"](null, "", address);
  window.dispatchEvent(new Event("hashchange"));
}

function split(text, sign) {
  const at = text.indexOf(sign);
  return at < 0 ? [text] : [text.slice(0, at), text.slice(at + 1)];
}

function decoded(part) {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

function wellFormed(text) {
  return String(text).toWellFormed?.() ?? String(text);
}
