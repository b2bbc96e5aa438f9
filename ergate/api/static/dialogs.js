// Questions in a dialog: one at a time, closed by Escape, and the focus goes back where it was.

import { draw, el } from "./dom.js";
import { button, problemBox } from "./parts.js";

let asked = 0;

/**
 * Ask something and return what `submit` returned, or null when nobody wanted to.
 *
 * `content(redraw)` describes the questions. `submit` is called with the form's data; what it
 * raises is shown in the dialog, which stays open. `kind` "is-danger" marks what cannot be undone.
 */
export function ask({ title, content, label, submit, kind = "is-main" }) {
  return new Promise((resolve) => {
    const state = { id: `dialog-${(asked += 1)}`, result: null, problem: null, busy: false };
    const holder = document.createElement("div");
    document.body.append(holder);
    const redraw = () => draw(holder, describe({ title, content, label, kind }, state, handlers, redraw));
    const handlers = {
      close: () => { holder.remove(); resolve(state.result); },
      submit: async (event) => {
        event.preventDefault();
        const form = event.currentTarget;
        Object.assign(state, { busy: true, problem: null });
        redraw();
        try {
          state.result = await submit(new FormData(form));
          form.closest("dialog").close();
        } catch (error) {
          Object.assign(state, { busy: false, problem: error });
          redraw();
        }
      },
    };
    redraw();
  });
}

function describe({ title, content, label, kind }, state, handlers, redraw) {
  const cancel = (event) => event.currentTarget.closest("dialog").close();
  return el(
    "dialog",
    { class: "dialog", "aria-labelledby": state.id, ready: (node) => node.showModal(), on: { close: handlers.close } },
    el("form", { on: { submit: handlers.submit } },
      el("h2", { id: state.id }, title),
      content(redraw),
      state.problem ? problemBox(state.problem) : null,
      el("div", { class: "dialog-end" },
        button("Leave it", cancel),
        el("button", { type: "submit", class: `button ${kind}`, disabled: state.busy }, label))),
  );
}
