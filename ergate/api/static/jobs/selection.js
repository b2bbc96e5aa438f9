// Which jobs are chosen. It outlives pages of the list and changes of the jobs.

export class Selection {
  constructor(changed) {
    this._changed = changed;
    this._jobs = new Map();
    /** Whether everything that matches is meant, seen or not. */
    this.isEverything = false;
  }

  get size() {
    return this._jobs.size;
  }

  /** Return whether a job is chosen. */
  has(id) {
    return this.isEverything || this._jobs.has(id);
  }

  /** Choose jobs, or leave them out. */
  setAll(jobs, isChosen) {
    this.isEverything = false;
    for (const job of jobs) {
      if (isChosen) this._jobs.set(job.id, job.status);
      else this._jobs.delete(job.id);
    }
    this._changed();
  }

  /** Mean everything that matches. */
  chooseEverything() {
    this.isEverything = true;
    this._changed();
  }

  clear() {
    this.isEverything = false;
    this._jobs.clear();
    this._changed();
  }

  /** Take note of the states that jobs have now. */
  note(jobs) {
    for (const job of jobs) if (this._jobs.has(job.id)) this._jobs.set(job.id, job.status);
  }

  /** Return the ids of the chosen jobs whose state, as it was seen last, allows something. */
  idsWith(isAllowed) {
    return [...this._jobs].filter(([, status]) => isAllowed(status)).map(([id]) => id);
  }
}
