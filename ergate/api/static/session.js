// Who looks at this page, and what they may do.

import { ask as question, onUnknown, signIn, signOut } from "./api.js";
import { ask } from "./dialogs.js";
import { el } from "./dom.js";
import { restart } from "./live.js";
import { note } from "./notes.js";

let rights = { may_change: false, has_token: false, read_only: false };
let asking = null;
let isDeclined = false;
const watchers = new Set();

/** Return `{ may_change, has_token, read_only }` as the server told it last. */
export function myRights() {
  return rights;
}

/** Call `watcher` whenever the rights change. */
export function watchRights(watcher) {
  watchers.add(watcher);
}

/** Ask for the token whenever the server does, and learn what may be done. */
export async function begin() {
  // Pages look again and again: whoever does not want to sign in is not asked each time.
  onUnknown(async (method) => (method === "GET" && isDeclined ? false : offerSignIn()));
  await learn();
}

/** Ask for the token. Return whether the server took it. */
export function offerSignIn() {
  // Several requests may be refused at once; one question is enough.
  asking ??= askForToken().finally(() => { asking = null; });
  return asking;
}

/** End the session. */
export async function leave() {
  await signOut();
  note("Signed out.");
  await learn();
}

async function askForToken() {
  const done = await ask({
    title: "Sign in",
    label: "Sign in",
    content: () => [
      el("p", null, "Changes need the token of this server, and so does reading from another machine. Whoever started the server knows it."),
      el("label", { class: "field" }, "Token",
        el("input", { name: "token", type: "password", required: true, autocomplete: "current-password", autofocus: true })),
    ],
    submit: async (form) => {
      await signIn(form.get("token"));
      return true;
    },
  });
  isDeclined = !done;
  if (!done) return false;
  restart();
  await learn();
  return true;
}

async function learn() {
  rights = await question("session");
  for (const watcher of watchers) watcher(rights);
}
