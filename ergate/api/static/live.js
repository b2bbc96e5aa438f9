// What changes, as the server streams it. The connection comes back by itself.

import { ask } from "./api.js";

const PARTS = ["counts", "queues", "workers", "jobs"];
const LOST_AFTER_MS = 3000;
const HIDDEN_FOR_MS = 10_000;
const LONGEST_PAUSE_MS = 30_000;
const LOOK_MS = 5000;

/** How the connection is: "connecting", "live", "slow" without a stream, "lost", or "trouble" with the store. */
let state = "connecting";
let detail = "";
let source = null;
let pauseMs = 1000;
let lostTimer = 0;
let againTimer = 0;
let hiddenTimer = 0;
const last = new Map();
const watchers = new Map([...PARTS, "state"].map((name) => [name, new Set()]));

/** Call `watcher` with each new value of a part, and with the last one at once. Return what stops it. */
export function watch(name, watcher) {
  watchers.get(name).add(watcher);
  if (last.has(name)) watcher(last.get(name));
  return () => watchers.get(name).delete(watcher);
}

/** Return `{ state, detail }` of the connection. */
export function connection() {
  return { state, detail };
}

/** Begin to listen; while nobody looks at the page, the connection is left to others. */
export function start() {
  document.addEventListener("visibilitychange", () => {
    clearTimeout(hiddenTimer);
    // A browser has few connections to one server, and all its tabs share them.
    if (document.hidden) hiddenTimer = setTimeout(close, HIDDEN_FOR_MS);
    else if (source === null) connect();
  });
  connect();
}

/** Connect anew, as after signing in. */
export function restart() {
  close();
  connect();
}

function connect() {
  clearTimeout(againTimer);
  source?.close();
  source = new EventSource("/api/v1/stream");
  for (const name of PARTS) source.addEventListener(name, (event) => arrived(name, event.data));
  source.addEventListener("problem", (event) => become("trouble", JSON.parse(event.data).detail));
  source.addEventListener("error", () => failed(source));
}

function close() {
  clearTimeout(againTimer);
  clearTimeout(lostTimer);
  source?.close();
  source = null;
}

function arrived(name, text) {
  isThere();
  pauseMs = 1000;
  become("live", "");
  last.set(name, JSON.parse(text));
  tell(name);
}

function isThere() {
  clearTimeout(lostTimer);
  lostTimer = 0;
}

function failed(broken) {
  // A short gap is not worth a word.
  lostTimer ||= setTimeout(() => become("lost", ""), LOST_AFTER_MS);
  if (broken?.readyState !== EventSource.CLOSED) return; // it tries again by itself
  clearTimeout(againTimer);
  againTimer = setTimeout(connect, pauseMs);
  pauseMs = Math.min(pauseMs * 2, LONGEST_PAUSE_MS);
  look();
}

/** Look without a stream: it may have been refused for want of the token, or because too many watch. */
async function look() {
  try {
    const [{ counts }, queues, workers] = await Promise.all(["counts", "queues", "workers"].map((one) => ask(one)));
    if (source?.readyState === EventSource.OPEN) return;
    isThere();
    pauseMs = LOOK_MS;
    become("slow", "");
    for (const [name, part] of Object.entries({ counts, queues, workers })) { last.set(name, part); tell(name); }
  } catch {
    // The next attempt tells more, and after a while the page says that the server is away.
  }
}

function become(wanted, why) {
  if (state === wanted && detail === why) return;
  [state, detail] = [wanted, why];
  last.set("state", connection());
  tell("state");
}

function tell(name) {
  for (const watcher of [...watchers.get(name)]) watcher(last.get(name));
}
