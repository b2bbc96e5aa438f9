// A page while it is open: what it shows, and what it listens to. Leaving it ends all of that.

import { draw } from "./dom.js";
import { watch } from "./live.js";
import { asProblem, UNREACHABLE } from "./problem.js";
import { problemBox } from "./parts.js";
import { visible } from "./text.js";

const AGES_S = 5;

export class View {
  /** `parts` are what stands behind the page's own name in the address; `query` what stands behind `?`. */
  constructor(root, parts, query) {
    this.root = root;
    this.parts = parts;
    this.query = query;
    this._problems = new Map();
    this._hasLoaded = false;
    this._content = () => [];
    this._leaving = new AbortController();
    this._isDrawing = false;
    this.every(AGES_S, () => this.redraw());
  }

  /** What went wrong and has not gone well since; it is shown above the page. */
  get problem() {
    return this._problems.values().next().value ?? null;
  }

  /** Aborted when the page is left: give it to `ask`. */
  get signal() {
    return this._leaving.signal;
  }

  /** Set what describes the page, and show it. */
  show(content) {
    this._content = content;
    this._drawNow();
  }

  /** Show the page anew, soon and only once however often this is called. */
  redraw() {
    if (this._isDrawing || this.signal.aborted) return;
    this._isDrawing = true;
    requestAnimationFrame(() => {
      this._isDrawing = false;
      if (!this.signal.aborted) this._drawNow();
    });
  }

  /** Set the name of the page for the window and its history. */
  title(text) {
    document.title = `${visible(text)} · Ergate`;
  }

  /** Call `watcher` with each new value of a part of the stream: counts, queues, workers or jobs. */
  watch(name, watcher) {
    const stop = watch(name, (value) => {
      watcher(value);
      this.redraw();
    });
    this.signal.addEventListener("abort", stop);
  }

  /** Call `task` every so many seconds while the page is open and somebody looks at it. */
  every(seconds, task) {
    const timer = setInterval(() => { if (!document.hidden) task(); }, seconds * 1000);
    this.signal.addEventListener("abort", () => clearInterval(timer));
  }

  /**
   * Wait for a question, then show the page anew. What goes wrong is shown above the page until a
   * question of the same name goes well.
   */
  async load(question, name = "page") {
    try {
      await question();
      this._problems.delete(name);
      this._hasLoaded = true;
    } catch (error) {
      if (error.name === "AbortError") return;
      const problem = asProblem(error);
      // That the server is away is told by the frame; what the page knows is still worth reading.
      if (problem.status !== UNREACHABLE || !this._hasLoaded) this._problems.set(name, problem);
    }
    this.redraw();
  }

  /**
   * Return a function that loads at once when it is called, and however often it is called, no more
   * than once in so many seconds and never twice at the same time.
   */
  loader(seconds, question, name = "page") {
    let isRunning = false;
    let isWanted = false;
    const run = async () => {
      if (isRunning) { isWanted = true; return; }
      isRunning = true;
      isWanted = false;
      await this.load(question, name);
      await new Promise((resolve) => setTimeout(resolve, seconds * 1000));
      isRunning = false;
      if (isWanted && !this.signal.aborted) run();
    };
    return run;
  }

  /** Leave the page. */
  leave() {
    this._leaving.abort();
  }

  _drawNow() {
    try {
      draw(this.root, this.problem ? problemBox(this.problem) : null, this._content());
    } catch (error) {
      console.error(error);
      draw(this.root, problemBox(error));
    }
  }
}
