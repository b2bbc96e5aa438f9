// What went wrong, as the server tells it: what, why, and what to do next.

/** The status of a problem that no answer told of. */
export const UNREACHABLE = 0;

export class Problem extends Error {
  constructor({ status = null, title = "", detail = "", next_step: nextStep = "", faults = [] }) {
    super(detail || title);
    this.status = status;
    this.title = title;
    this.detail = detail;
    this.nextStep = nextStep;
    this.faults = faults;
  }
}

/** Return any error as a problem. */
export function asProblem(error) {
  if (error instanceof Problem) return error;
  return new Problem({
    title: "The dashboard has a fault.",
    detail: String(error?.message ?? error),
    next_step: "Load the page again; if it comes back, report it.",
  });
}

export function unreachable() {
  return new Problem({
    status: UNREACHABLE,
    title: "The server does not answer.",
    detail: "It may have been stopped, or the network is down.",
    next_step: "Look whether it runs, then try again.",
  });
}
