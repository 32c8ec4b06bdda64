// The API key: asked for when the node wants it, kept for as long as the tab is open, and sent in a header only.

import { h, field } from "./dom.js";

const NAME = "bristlecone.key";
let asking = null;

export const savedKey = () => sessionStorage.getItem(NAME);
export const forgetKey = () => sessionStorage.removeItem(NAME);

/** Asks for the key, once however many requests wait for it. Resolves to `null` if nobody wants to give one. */
export function askForKey(isWrong) {
  asking ??= prompt(isWrong).finally(() => { asking = null; });
  return asking;
}

function prompt(isWrong) {
  return new Promise((resolve) => {
    const input = h("input", { type: "password", autocomplete: "off", spellcheck: "false", required: true });
    const close = (key) => {
      dialog.close();
      dialog.remove();
      resolve(key);
    };
    const submit = (event) => {
      event.preventDefault();
      sessionStorage.setItem(NAME, input.value.trim());
      close(input.value.trim());
    };
    const dialog = h("dialog", { "aria-labelledby": "keytitle", oncancel: () => close(null) },
      h("form", { onsubmit: submit },
        h("h2", { id: "keytitle" }, "This needs the API key"),
        isWrong && h("p", { class: "failure", role: "alert" }, "The node does not accept that key."),
        field("API key", input, "On the node's machine, the command “bristlecone api-key” shows it. "
          + "It is kept until you close this tab."),
        h("p", { class: "buttons" }, h("button", {}, "Use this key"),
          h("button", { type: "button", class: "quiet", onclick: () => close(null) }, "Cancel"))));
    document.body.append(dialog);
    dialog.showModal();
    input.focus();
  });
}
