// What stands around every page: name, navigation, connection, theme, session.

import { draw, el } from "./dom.js";
import { connection } from "./live.js";
import { noteProblem } from "./notes.js";
import { PAGES } from "./pages.js";
import { button } from "./parts.js";
import { to } from "./router.js";
import { leave, myRights, offerSignIn } from "./session.js";
import { nextTheme, theme } from "./theme.js";

const STATES = {
  connecting: ["connecting …", "The page waits for the server."],
  live: ["live", "What you see changes as it happens."],
  slow: ["every few seconds", "There is no room for one more live stream, so that this page looks again every few seconds."],
  lost: ["connection lost", "The server does not answer. This page shows what it knew last, and goes on by itself."],
  trouble: ["store unreachable", "The server cannot read its state store."],
};
const SIGNS = { system: "◐", light: "☀", dark: "☾" };
let shown = null; // the page that the navigation was drawn for

/** Draw the frame; `current` is the path of the open page. */
export function drawFrame(current) {
  draw(
    document.getElementById("top"),
    el("a", { class: "brand", href: "#/" }, el("img", { src: "/static/icon.svg", alt: "", width: 22, height: 22 }), "ergate"),
    el("nav", { class: "nav", "aria-label": "Pages" },
      el("ul", null, PAGES.map((page) =>
        el("li", { key: page.path }, el("a", { href: to(page.path ? [page.path] : []), "aria-current": page.path === current ? "page" : null }, page.label))))),
    el("div", { class: "tools" }, describeConnection(), describeTheme(current), describeSession()),
  );
  if (shown !== current) showInNavigation();
  shown = current;
}

/** On a narrow screen not all names of pages can be seen at once. */
function showInNavigation() {
  const nav = document.querySelector(".nav");
  const link = nav.querySelector("[aria-current]");
  if (link) nav.scrollLeft = link.offsetLeft - (nav.clientWidth - link.offsetWidth) / 2;
}

function describeConnection() {
  const { state, detail } = connection();
  const [label, meaning] = STATES[state];
  return el("span", { class: `link is-${state}`, role: "status", title: detail || meaning }, label);
}

function describeTheme(current) {
  const press = () => { nextTheme(); drawFrame(current); };
  const label = `Theme: ${theme()}`;
  return button(SIGNS[theme()], press, { kind: "is-quiet", title: label, "aria-label": `${label}. Change it.` });
}

function describeSession() {
  const rights = myRights();
  if (rights.read_only) return el("span", { class: "tag", title: "This server refuses every change." }, "read-only");
  if (!rights.has_token) return null;
  return rights.may_change
    ? button("Sign out", () => leave().catch(noteProblem), { kind: "is-quiet" })
    : button("Sign in", offerSignIn, { kind: "is-quiet" });
}
