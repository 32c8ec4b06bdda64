// Small charts, each with a sentence for screen readers and a table with its figures.

import { h, svg } from "./dom.js";
import { number, bytes, tickText, time } from "./format.js";
import { table } from "./table.js";

const WIDTH = 640, HEIGHT = 220, LEFT = 88, RIGHT = 8, TOP = 10, BOTTOM = 22;
const ROWS_MAX = 200;

/** A round number that is not below another one: 1, 2 or 5 times a power of ten, of the unit that it is shown in. */
function roundUp(value, format) {
  if (format === bytes && value >= 1024) return 1024 * roundUp(value / 1024, format);
  const power = 10 ** Math.floor(Math.log10(value));
  return [1, 2, 5, 10].map((step) => step * power).find((step) => step >= value);
}

/**
 * Lines over time.
 * @param series names with points `[milliseconds, value]`, oldest first; a gap longer than `gap` interrupts the line.
 */
export function lineChart({ title, series, from, to, gap, format = number }) {
  const values = series.flatMap(({ points }) => points.map(([, value]) => value));
  const heading = h("h3", {}, title);
  if (values.length === 0) return h("figure", {}, heading, h("p", { class: "note" }, "Nothing is recorded for this time."));
  const top = roundUp(Math.max(...values, 1), format);
  const x = (at) => LEFT + ((at - from) / (to - from)) * (WIDTH - LEFT - RIGHT);
  const y = (value) => TOP + (1 - value / top) * (HEIGHT - TOP - BOTTOM);
  const picture = svg("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img", "aria-label": summary(title, series, format) },
    [0, 0.5, 1].map((part) => [
      svg("line", { class: "grid", x1: LEFT, x2: WIDTH - RIGHT, y1: y(part * top), y2: y(part * top) }),
      svg("text", { class: "axis end", x: LEFT - 6, y: y(part * top) + 4 }, axisText(part * top, format)),
    ]),
    [0, 0.25, 0.5, 0.75, 1].map((part) => {
      const at = from + part * (to - from);
      const place = part === 0 ? "start" : part === 1 ? "end" : "middle";
      return svg("text", { class: `axis ${place}`, x: x(at), y: HEIGHT - 5 }, tickText(new Date(at), (to - from) / 1000));
    }),
    series.map(({ points }, place) => [svg("path", { class: `line c${place}`, d: line(points, x, y, gap) }),
      svg("path", { class: `dot c${place}`, d: dots(points, x, y, gap) })]));
  return h("figure", {}, heading,
    h("p", { class: "legend" }, series.map(({ name, points }, place) =>
      h("span", { class: `key c${place}` }, `${name}: ${format(points.at(-1)?.[1] ?? 0)}`))),
    picture,
    h("details", {}, h("summary", {}, "Figures"), figures(title, series, format)));
}

/** A large number has no room beside the axis of a small screen. */
function axisText(value, format) {
  if (format !== number || value < 10_000) return format(value);
  return value < 1_000_000 ? `${number(value / 1000)} k` : `${number(value / 1_000_000)} M`;
}

function line(points, x, y, gap) {
  let path = "";
  let last = -Infinity;
  for (const [at, value] of points) {
    path += `${at - last > gap ? "M" : "L"}${x(at).toFixed(1)} ${y(value).toFixed(1)}`;
    last = at;
  }
  return path;
}

/** The points without neighbours, of which a line shows nothing. */
const dots = (points, x, y, gap) => points
  .filter(([at], place) => at - (points[place - 1]?.[0] ?? -Infinity) > gap && (points[place + 1]?.[0] ?? Infinity) - at > gap)
  .map(([at, value]) => `M${x(at).toFixed(1)} ${y(value).toFixed(1)}h0.1`).join("");

function summary(title, series, format) {
  const parts = series.map(({ name, points }) => {
    const values = points.map(([, value]) => value);
    return `${name} between ${format(Math.min(...values))} and ${format(Math.max(...values))}`;
  });
  return `${title}: ${parts.join("; ")}.`;
}

/** The newest figures of all series. */
function figures(title, series, format) {
  const rows = (series[0]?.points ?? []).map(([at], place) => ({ at, values: series.map(({ points }) => points[place]?.[1]) }))
    .slice(-ROWS_MAX).reverse();
  return table(title, [["Time", ({ at }) => time(at)],
    ...series.map(({ name }, place) => [name, ({ values }) => format(values[place])])], rows);
}

/** Cells in a row, coloured by what they stand for; each says what it is. */
export function heatStrip({ title, cells, legend }) {
  const size = 14, columns = Math.min(40, Math.max(1, cells.length));
  return h("figure", {}, h("h3", {}, title),
    h("p", { class: "legend" }, legend.map(([name, level]) => h("span", { class: `key ${level}` }, name))),
    svg("svg", {
      class: "heat", viewBox: `0 0 ${columns * size} ${Math.ceil(cells.length / columns) * size}`, role: "img",
      width: columns * size, "aria-label": `${title}: ${legend.map(([name, level]) => `${cells.filter((cell) => cell.level === level).length} ${name}`).join(", ")}`,
    }, cells.map(({ level, label }, place) =>
      svg("rect", { class: `cell ${level}`, x: (place % columns) * size + 1, y: Math.floor(place / columns) * size + 1, width: size - 2, height: size - 2, rx: 2 },
        svg("title", {}, label)))));
}

/** Stretches of time in rows, one below the other: versions of a value, for example. */
export function timeline({ title, rows, from, to }) {
  // Room for the labels in the larger type that a phone has.
  const height = 22, left = Math.max(110, 11 * Math.max(...rows.map(({ label }) => label.length)) + 12);
  const x = (at) => left + (Math.min(Math.max(at, from), to) - from) / Math.max(to - from, 1) * (WIDTH - left - RIGHT);
  return h("figure", {}, h("h3", {}, title),
    svg("svg", {
      viewBox: `0 0 ${WIDTH} ${rows.length * height + BOTTOM}`, role: "img",
      "aria-label": `${title}: ${rows.map((row) => row.text).join("; ")}`,
    },
    rows.map(({ label, begin, end, level, text }, place) => [
      svg("text", { class: "axis start", x: 0, y: place * height + 15 }, label),
      svg("rect", { class: `span ${level}`, x: x(begin), y: place * height + 4, width: Math.max(x(end) - x(begin), 3), height: height - 8, rx: 3 },
        svg("title", {}, text)),
    ]),
    [0, 0.5, 1].map((part) => svg("text", {
      class: `axis ${["start", "middle", "end"][2 * part]}`, x: left + part * (WIDTH - left - RIGHT), y: rows.length * height + 16,
    }, tickText(new Date(from + part * (to - from)), (to - from) / 1000))),
    from < Date.now() && Date.now() < to
      && svg("line", { class: "now", x1: x(Date.now()), x2: x(Date.now()), y1: 0, y2: rows.length * height }, svg("title", {}, "now"))));
}
