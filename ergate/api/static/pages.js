// The pages of the dashboard, in the order of the navigation.

import * as overview from "./pages/overview.js";

/**
 * Each page has its `path`, its `label`, and `open(view)`, which shows it.
 *
 * A page that returns a function from `open` gets the new query through it when only that changes.
 */
export const PAGES = [
  { path: "", label: "Overview", open: overview.open },
];

/** Return the page at the first part of an address, or undefined. */
export function pageAt(part = "") {
  return PAGES.find((page) => page.path === part);
}
