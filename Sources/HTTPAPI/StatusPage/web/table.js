// Tables for lists of any length: a part of the rows, and a button for the next ones.

import { h, failure } from "./dom.js";
import { count } from "./format.js";

const PART = 100;

/** A table. `columns` are pairs of a heading and what makes the content of a cell. */
export function table(caption, columns, rows, { empty = "There is nothing here." } = {}) {
  if (rows.length === 0) return h("p", { class: "note" }, empty);
  const body = h("tbody");
  const holder = h("div", { class: "table" },
    h("table", {}, h("caption", {}, caption), h("thead", {}, h("tr", {}, columns.map(([title]) => h("th", { scope: "col" }, title)))), body));
  let shown = 0;
  const more = h("button", { type: "button", class: "quiet", onclick: () => add() }, "Show more");
  const add = () => {
    body.append(...rows.slice(shown, shown + PART).map((row) => tableRow(columns, row)));
    shown = Math.min(shown + PART, rows.length);
    more.textContent = `Show more (${count(rows.length - shown, "row")} left)`;
    if (shown === rows.length) more.remove();
  };
  holder.append(more);
  add();
  return holder;
}

const tableRow = (columns, row) =>
  h("tr", {}, columns.map(([title, cell]) => h("td", { "data-title": title }, whole(cell(row)))));

/** On a phone a cell stands beside its heading, so what has several parts is held together. */
export const whole = (content) => (Array.isArray(content) ? h("span", {}, content) : content);

/**
 * A list that comes in parts, of which there may be millions: each part replaces the one before.
 * @param fetchPart takes a cursor, and returns items and the next cursor.
 */
export async function pagedTable(caption, columns, fetchPart, options) {
  const holder = h("div", { "aria-live": "polite" });
  const behind = [];
  const show = async (cursor) => {
    holder.setAttribute("aria-busy", "true");
    try {
      const { items, next } = await fetchPart(cursor);
      // A part may be empty though more follow.
      const part = items.length === 0 && next ? h("p", { class: "note" }, "Nothing in this part of the archive; go on.")
        : table(caption, columns, items.slice(0, PART), options);
      holder.replaceChildren(part, h("p", { class: "buttons" },
        behind.length > 0 && h("button", { type: "button", class: "quiet", onclick: () => show(behind.pop()) }, "Back"),
        next && h("button", { type: "button", onclick: () => { behind.push(cursor); show(next); } }, "Next")));
    } catch (error) {
      if (error.name !== "AbortError") holder.replaceChildren(failure(error));
    }
    holder.removeAttribute("aria-busy");
  };
  await show(undefined);
  return holder;
}
