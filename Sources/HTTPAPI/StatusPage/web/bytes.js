// Any bytes, shown so that nothing in them can mislead: what has no shape, or turns text around, appears by its number.

import { h, safeText } from "./dom.js";
import { bytes as size, count } from "./format.js";

/** So many characters are shown at once; there is more if somebody asks. */
const SHOWN = 600;
/** No more than this of a value is ever put into the page. */
const SHOWN_MAX = 100_000;

const decoded = (hex) => Uint8Array.from(hex.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));

/** The bytes as text; `null` if they are none, or mostly something else. */
function textOf(array) {
  try {
    const text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(array);
    const odd = [...text.slice(0, 1000)].filter((character) => /[\p{Cc}\p{Cn}]/u.test(character) && !"\t\n\r".includes(character)).length;
    return text.length > 0 && odd * 3 > Math.min(text.length, 1000) ? null : text;
  } catch {
    return null;
  }
}

const dump = (hex) => (hex.match(/.{1,8}/g) ?? []).join(" ");

/** A value of hexadecimal digits as text or as bytes, with its size, and buttons for more of it. */
export function valueView(hex, { shown = SHOWN } = {}) {
  if (hex === null || hex === undefined) return h("span", { class: "note" }, "not readable");
  const total = hex.length / 2;
  if (total === 0) return h("span", { class: "note" }, "empty");
  // A cut in the middle of a character would make the rest no text.
  const begin = decoded(hex.slice(0, 2 * SHOWN_MAX));
  const text = textOf(begin) ?? (total > SHOWN_MAX ? textOf(begin.subarray(0, begin.length - (begin.length % 4))) : null);
  const state = { isHex: text === null, limit: shown };
  const content = h("span", { class: "content" });
  const box = h("div", { class: "value", dir: "ltr" });
  const draw = () => {
    const written = state.isHex ? dump(hex.slice(0, 2 * Math.min(state.limit, SHOWN_MAX))) : [...text].slice(0, state.limit).join("");
    content.classList.toggle("hex", state.isHex);
    content.replaceChildren(...(state.isHex ? [written] : safeText(written)));
    const isCut = state.isHex ? total > Math.min(state.limit, SHOWN_MAX) : text.length > state.limit || total > SHOWN_MAX;
    const more = isCut && state.limit < Math.min(total, SHOWN_MAX);
    box.replaceChildren(content, isCut ? " …" : "", h("span", { class: "size" }, total < 1024 ? count(total, "byte") : size(total),
      text === null && ", not text",
      more && button("Show more", () => { state.limit *= 10; }),
      text !== null && button(state.isHex ? "As text" : "As bytes", () => { state.isHex = !state.isHex; })));
  };
  const button = (label, change) => h("button", { type: "button", class: "quiet small", onclick: () => { change(); draw(); } }, label);
  draw();
  return box;
}
