// Elements from names and texts. Nothing in this page turns a text into markup, so a value can say what it likes.

const SVG = "http://www.w3.org/2000/svg";

function build(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

/** An HTML element: `h("p", {class: "note"}, "text", h("b", {}, "bold"))`. */
export const h = (tag, attributes = {}, ...children) => build(document.createElement(tag), attributes, children);

/** An SVG element. */
export const svg = (tag, attributes = {}, ...children) =>
  build(document.createElementNS(SVG, tag), attributes, children);

/** A heading with what belongs under it. */
export const section = (title, ...children) => h("section", {}, h("h2", {}, title), ...children);

/** Terms and what they stand for. Those without a value are left out. */
export const facts = (pairs) =>
  h("dl", { class: "facts" },
    pairs.filter(([, value]) => value !== null && value !== undefined && value !== "")
      .map(([term, value]) => h("div", {}, h("dt", {}, term), h("dd", {}, value))));

/** A short mark such as a state, with a colour for what it means. */
export const badge = (text, level = "plain") => h("span", { class: `badge ${level}` }, text);

/** What is shown of a failure. Its sentence may repeat what somebody entered. */
export const failure = (error) => h("p", { class: "failure", role: "alert" }, safeText(error.message));

// Control characters, spaces that look like none, marks and isolates that turn the direction, tags, and halves of characters.
const HIDDEN = /[\p{Cc}\p{Cf}\p{Co}\p{Cs}\p{Cn}\u2028\u2029\u00a0\u2000-\u200a\u202f\u205f\u3000\u034f\u115f\u1160\u3164\uffa0\ufe00-\ufe0f]/u;
const SHORT = { "\0": "\\0", "\t": "\\t", "\n": "\\n", "\r": "\\r", "\x1b": "\\e" };

/** A text with all that cannot be seen written out, as nodes. */
export function safeText(text) {
  if (/^[ -~]*$/.test(text)) return [text];
  const nodes = [];
  let plain = "";
  for (const character of text) {
    if (!HIDDEN.test(character)) {
      plain += character;
      continue;
    }
    if (plain) nodes.push(plain);
    plain = "";
    const code = character.codePointAt(0);
    const written = SHORT[character] ?? (code < 0x100 ? `\\x${code.toString(16).padStart(2, "0")}` : `U+${code.toString(16).toUpperCase().padStart(4, "0")}`);
    nodes.push(h("span", { class: "escaped", title: "a character that cannot be seen" }, written));
    if (character === "\n") nodes.push(h("br"));
  }
  if (plain) nodes.push(plain);
  return nodes;
}

let fieldCount = 0;

/** A labelled field. */
export function field(label, control, hint) {
  const id = `field${++fieldCount}`;
  control.id = id;
  if (hint) control.setAttribute("aria-describedby", `${id}hint`);
  return h("div", { class: "field" }, h("label", { for: id }, label), control,
    hint && h("small", { id: `${id}hint` }, hint));
}

/** A box to tick. */
export function tick(label, control) {
  return h("label", { class: "tick" }, control, " ", label);
}
