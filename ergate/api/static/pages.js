// The pages of the dashboard, in the order of the navigation.

import * as job from "./pages/job.js";
import * as jobs from "./pages/jobs.js";
import * as letter from "./pages/letter.js";
import * as letters from "./pages/letters.js";
import * as overview from "./pages/overview.js";
import * as queues from "./pages/queues.js";
import * as service from "./pages/service.js";
import * as services from "./pages/services.js";
import * as workers from "./pages/workers.js";
import * as workflow from "./pages/workflow.js";
import * as workflows from "./pages/workflows.js";

/**
 * Each page has its `path`, its `label`, and `open(view)`, which shows it.
 *
 * `openOne(view)`, where there is one, shows what the rest of the address names: its parts are
 * `view.parts`. A page that returns a function from either gets the new
 * query through it when only that changes.
 */
export const PAGES = [
  { path: "", label: "Overview", open: overview.open },
  { path: "jobs", label: "Jobs", open: jobs.open, openOne: job.open },
  { path: "workflows", label: "Workflows", open: workflows.open, openOne: workflow.open },
  { path: "services", label: "Services", open: services.open, openOne: service.open },
  { path: "workers", label: "Workers", open: workers.open },
  { path: "queues", label: "Queues", open: queues.open },
  { path: "dead-letters", label: "Dead letters", open: letters.open, openOne: letter.open },
];

/** Return the page at the first part of an address, or undefined. */
export function pageAt(part = "") {
  return PAGES.find((page) => page.path === part);
}
