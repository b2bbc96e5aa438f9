// Questions and orders to the server this page came from.

import { parse } from "./json.js";
import { Problem, unreachable } from "./problem.js";

const BASE = "/api/v1/";

let whenUnknown = async () => false;
let aheadMs = 0;

/** Set what happens when the server wants the token for a method: it returns whether to try again. */
export function onUnknown(handler) {
  whenUnknown = handler;
}

/** Return the time in ms by the server's clock, as far as its answers tell. */
export function now() {
  return Date.now() + aheadMs;
}

/** Return a path with each part encoded: path("jobs", id, "history"). */
export function path(...parts) {
  return parts.map(encodeURIComponent).join("/");
}

/** Return the document at a path, which is one of `/api/v1` unless it begins with a slash. Raises `Problem`. */
export function ask(where, query = {}, signal = undefined) {
  return call("GET", where + asQuery(query), undefined, signal);
}

/** Have something changed and return the answer. `body` is a value, or JSON text. Raises `Problem`. */
export function order(method, where, body) {
  const text = typeof body === "string" ? body : JSON.stringify(body);
  return call(method, where, text);
}

/** Begin a session with the token. Raises `Problem`. */
export async function signIn(token) {
  await told(await sent("POST", "session", JSON.stringify({ token })));
}

export async function signOut() {
  await told(await sent("DELETE", "session"));
}

/** Return a query string without what is empty. */
export function asQuery(query) {
  const given = Object.entries(query).filter(([, value]) => value !== null && value !== undefined && value !== "");
  const text = new URLSearchParams(given).toString();
  return text && `?${text}`;
}

async function call(method, where, body, signal) {
  const answer = await sent(method, where, body, signal);
  if (answer.status !== 401 || !(await whenUnknown(method))) return told(answer);
  return told(await sent(method, where, body, signal));
}

async function sent(method, where, body, signal) {
  const headers = body === undefined ? {} : { "Content-Type": "application/json" };
  try {
    return await fetch(where.startsWith("/") ? where : BASE + where, { method, body, headers, signal, cache: "no-store" });
  } catch (error) {
    throw error.name === "AbortError" ? error : unreachable();
  }
}

async function told(answer) {
  noteTime(answer.headers.get("date"));
  const text = await answer.text();
  const document = text && parsed(text);
  if (answer.ok) return document;
  throw new Problem({ title: `The server answered ${answer.status}.`, ...document, status: answer.status });
}

function parsed(text) {
  try {
    return parse(text);
  } catch {
    return { detail: "Its answer cannot be read." };
  }
}

function noteTime(date) {
  const difference = Date.parse(date ?? "") - Date.now();
  // The header has whole seconds: less than two tell nothing.
  if (!Number.isNaN(difference)) aheadMs = Math.abs(difference) < 2000 ? 0 : difference;
}
