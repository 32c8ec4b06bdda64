// Numbers, sizes, durations and times for people.

import { h } from "./dom.js";

/** At most one digit after the point, and commas between thousands. Loading `Intl` would delay the first view. */
function grouped(value) {
  const [whole, fraction] = Number(value).toFixed(1).split(".");
  const digits = whole.replace(/\B(?=(\d{3})+$)/g, ",");
  return fraction === "0" ? digits : `${digits}.${fraction}`;
}

/** `1234567` becomes `1,234,567`. */
export const number = (value) => (value === null || value === undefined ? "–" : grouped(value));

/** `1 key`, `2 keys`. */
export const count = (value, one, many = `${one}s`) => `${number(value)} ${value === 1 ? one : many}`;

/** Bytes in binary units. */
export function bytes(value) {
  if (value === null || value === undefined) return "–";
  const units = ["bytes", "KiB", "MiB", "GiB", "TiB"];
  let place = 0;
  while (value >= 1024 && place < units.length - 1) [value, place] = [value / 1024, place + 1];
  return `${grouped(value)} ${units[place]}`;
}

/** Seconds in the unit that fits. */
export function duration(seconds) {
  if (seconds === null || seconds === undefined) return "–";
  if (seconds < 1) return `${grouped(seconds * 1000)} ms`;
  for (const [name, length] of [["days", 86400], ["hours", 3600], ["minutes", 60]]) {
    if (Math.round(seconds) >= 2 * length) return `${grouped(Math.round((10 * seconds) / length) / 10)} ${name}`;
  }
  return `${grouped(seconds)} s`;
}

/** What a share of a whole is, in percent. */
export const share = (part, whole) => (whole > 0 ? `${grouped((100 * part) / whole)} %` : "–");

// Times

let isLocal = false;

function written(date) {
  if (!isLocal) return date.toISOString().slice(0, 19).replace("T", " ") + " UTC";
  return date.toLocaleString("sv-SE", { timeZoneName: "short" });
}

/** A time in UTC, or in the browser's zone if that was asked for. */
export function time(instant) {
  if (!instant) return null;
  const date = new Date(instant);
  if (Number.isNaN(date.getTime())) return String(instant);
  return h("time", { datetime: date.toISOString(), title: ago(date) }, written(date));
}

/** A time if it is after another one. A count of what is due may be older than what it said would be next. */
export const after = (instant, now) => (Date.parse(instant) > Date.parse(now) ? instant : null);

/** How long ago a time is, or how far ahead. */
export function ago(date) {
  const seconds = (Date.now() - date.getTime()) / 1000;
  return seconds >= 0 ? `${duration(seconds)} ago` : `in ${duration(-seconds)}`;
}

/** A time as the axis of a chart has it. */
export function tickText(date, span) {
  const shifted = isLocal ? new Date(date.getTime() - date.getTimezoneOffset() * 60000) : date;
  const text = shifted.toISOString();
  if (span <= 2 * 86400) return text.slice(11, 16);
  return span <= 90 * 86400 ? text.slice(5, 10) : text.slice(0, 7);
}

/** Has all times shown in the other zone. */
export function toggleZone(button) {
  isLocal = !isLocal;
  button.setAttribute("aria-pressed", String(isLocal));
  for (const element of document.querySelectorAll("time[datetime]")) {
    element.textContent = written(new Date(element.dateTime));
  }
}
