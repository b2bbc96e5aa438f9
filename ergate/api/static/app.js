// Starts the dashboard: the frame around the pages, and the page that the address names.

import { el } from "./dom.js";
import { drawFrame } from "./frame.js";
import { start, watch } from "./live.js";
import { noteProblem } from "./notes.js";
import { pageAt } from "./pages.js";
import { nothing } from "./parts.js";
import { parseAddress } from "./router.js";
import { begin, watchRights } from "./session.js";
import { View } from "./view.js";

const main = document.getElementById("main");
let open = null; // the page that is open: its parts, its view, and what takes a new query

function follow() {
  const { parts, query } = parseAddress(location.hash);
  const isSame = open !== null && open.parts.join("\n") === parts.join("\n");
  if (isSame && open.moved) {
    open.view.query = query;
    open.moved(query);
    return;
  }
  const isFirst = open === null;
  open?.view.leave();
  const view = new View(main, parts.slice(1), query);
  open = { parts, view, moved: null };
  const page = pageAt(parts[0]) ?? { label: "Nothing here", open: openNothing };
  view.title(page.label);
  const show = parts.length > 1 && page.openOne ? page.openOne : page.open;
  open.moved = show(view) ?? null;
  drawFrame(parts[0] ?? "");
  // Whoever listens to the page hears where they are now.
  if (!isFirst) { main.focus({ preventScroll: true }); window.scrollTo(0, 0); }
}

function openNothing(view) {
  view.show(() => [el("h1", null, "Nothing here"), nothing("The dashboard has no page with this address.")]);
}

window.addEventListener("hashchange", follow);
const reframe = () => drawFrame(open?.parts[0] ?? "");
watch("state", reframe);
watchRights(() => { reframe(); open?.view.redraw(); });
document.querySelector(".skip").addEventListener("click", (event) => {
  event.preventDefault(); // the address is the page's
  main.focus();
});
follow();
start();
begin().catch(noteProblem);
