// How the node was: the history that it keeps, its traffic, its republishing, its pins, and the key space.

import { h, section, facts, failure } from "./dom.js";
import { number, bytes, duration, time, after, count } from "./format.js";
import { get, all } from "./api.js";
import { lineChart, heatStrip, timeline } from "./charts.js";
import { table } from "./table.js";
import { keySpace } from "./keyspace.js";
import { use } from "./overview.js";

const HOUR = 3600_000;
// How far back each period goes, and in which steps the node tells of it.
const periods = {
  hour: { name: "Hour", length: HOUR, resolution: "minute", step: 60_000 },
  day: { name: "Day", length: 24 * HOUR, resolution: "minute", step: 60_000 },
  month: { name: "Month", length: 30 * 24 * HOUR, resolution: "hour", step: HOUR },
  years: { name: "Years", length: 3653 * 24 * HOUR, resolution: "day", step: 24 * HOUR },
};
/** More points than this are no use in a picture. */
const POINTS_MAX = 400;
/** More pinned keys than this are told of in numbers. */
const CELLS_MAX = 2000;

/** The average time of some requests, in milliseconds. */
const average = (microseconds, count) => (figures) => figures[count] > 0 ? figures[microseconds] / figures[count] / 1000 : 0;
const milliseconds = (value) => `${value < 10 && value % 1 > 0 ? value.toFixed(2) : number(Math.round(value))} ms`;

// Each line is a figure of a sample, or a function of all its figures.
const charts = [
  ["Growth", { "Values": "archived_values", "Keys": "archived_keys" }, number],
  ["Space", { "Archive": "live_bytes", "Free on the disk": "free_bytes" }, bytes],
  ["Contacts", { "All": "contacts", "Good": "good_contacts" }, number],
  ["Requests received, by kind", { "Finds": "find_requests", "Stores": "store_requests", "Pings": "ping_requests", "Introductions": "introduction_requests", "Peers": "peer_requests" }, number],
  ["Latency", { "Requests are answered after": average("answering_microseconds", "answered_requests"), "Others answer after": average("waiting_microseconds", "received_responses") }, milliseconds],
  ["Datagrams", { "Received": "datagrams_received", "Sent": "datagrams_sent", "Dropped": "datagrams_dropped" }, number],
  ["This node's requests", { "Lookups": "lookups", "Timed out": "requests_timed_out" }, number],
  ["Bandwidth", { "Received": "bytes_received", "Sent": "bytes_sent" }, bytes],
  ["Latency of the event loop", { "Longest delay": "loop_lag_milliseconds" }, milliseconds],
  ["Republishing", { "Stored again": "republished_keys", "Not acknowledged": "unacknowledged_keys", "Due": "due_keys", "Late": "late_keys" }, number],
  ["Stores", { "Changes": "changes", "Refused": "values_refused", "Evicted": "values_evicted" }, number],
];

export async function show(root, { query, signal }) {
  const period = periods[query.get("period")] ? query.get("period") : "day";
  const title = root.firstChild;
  const overview = await get("/overview", {}, signal);
  const waiting = h("p", { class: "loading" }, "Loading…");
  root.replaceChildren(title, tabs(period), waiting);
  const parts = await Promise.all([
    history(period, signal), keySpace(overview, signal).catch(failure), traffic(overview), budgets(overview),
    republishing(overview, signal).catch(failure), pins(overview, signal).catch(failure)]);
  waiting.replaceWith(...parts);
}

const tabs = (chosen) =>
  h("nav", { class: "tabs", "aria-label": "Period" }, Object.entries(periods).map(([name, { name: text }]) =>
    h("a", { href: `#/pictures?period=${name}`, "aria-current": name === chosen && "true" }, text)));

async function history(name, signal) {
  const { length, resolution, step } = periods[name];
  const now = Date.now();
  let from = now - length;
  const samples = await get("/history", { from: iso(from), to: iso(now + step), resolution }, signal);
  if (samples.length === 0) return section("History", h("p", { class: "note" }, "Nothing is recorded yet: the node notes its figures once a minute."));
  // Ten years are mostly empty at first.
  if (name === "years") from = Math.min(Date.parse(samples[0].at), now - 30 * 24 * HOUR);
  return section("History", h("div", { class: "charts" }, charts.map(([title, figures, format]) =>
    lineChart({
      title, from, to: now, format, gap: 3 * step * Math.ceil(samples.length / POINTS_MAX),
      series: Object.entries(figures).map(([label, figure]) => ({ name: label, points: thinned(samples, figure) })),
    }))), h("p", { class: "note" }, `Each figure is for ${resolution === "minute" ? "a minute" : resolution === "hour" ? "an hour" : "a day"}.`));
}

const iso = (milliseconds) => new Date(milliseconds).toISOString().slice(0, 19) + "Z";

/** At most so many points: of neighbours the highest, so that no peak is lost. */
function thinned(samples, figure) {
  const size = Math.ceil(samples.length / POINTS_MAX);
  const points = [];
  for (let place = 0; place < samples.length; place += size) {
    const group = samples.slice(place, place + size);
    points.push([Date.parse(group[0].at), Math.max(...group.map(({ figures }) => (typeof figure === "function" ? figure(figures) : figures[figure]) ?? 0))]);
  }
  return points;
}

function traffic({ traffic, round_trips: trips }) {
  const words = (name) => name.replaceAll("_", " ");
  return section("Requests by kind, since the start",
    table("Messages", [["Message", (row) => words(row.message)], ["Received", (row) => number(row.received_datagrams)],
      ["Bytes in", (row) => bytes(row.received_bytes)], ["Sent", (row) => number(row.sent_datagrams)], ["Bytes out", (row) => bytes(row.sent_bytes)]],
    traffic, { empty: "No message came or went yet." }),
    table("Round trips of this node's requests", [["Response", (row) => words(row.message)], ["Answers", (row) => number(row.count)],
      ["Average time", (row) => duration(row.mean_seconds)]], trips.filter((row) => row.count > 0), { empty: "Nobody answered a request yet." }));
}

const budgets = ({ disk, budgets }) =>
  section("Budgets", use("archive", disk.live_bytes, disk.limit_bytes), budgets.map((budget) => use(budget.budget, budget.used_bytes, budget.limit_bytes)));

async function republishing({ republishing, now }, signal) {
  const plan = await get("/plan", {}, signal);
  plan.next_due = after(plan.next_due, now);
  const begin = Date.parse(now);
  const rows = [];
  const span = (label, start, end, level, text) => rows.push({ label, begin: start, end, level, text });
  if (plan.due_keys > 0) {
    const end = begin + 1000 * (plan.duration_seconds ?? plan.interval_seconds);
    span("Due now", begin, end, plan.duration_seconds === null ? "bad" : "warn", `${count(plan.due_keys, "key")} due now, ${plan.duration_seconds === null ? "and no node to store them on" : `done in ${duration(plan.duration_seconds)}`}`);
  }
  if (plan.next_due) span("Next", Date.parse(plan.next_due), Date.parse(plan.next_due) + 60_000, "good", `the next key comes due ${time(plan.next_due).textContent}`);
  if (plan.kept_keys > 0) span("Recurring", begin, begin + 1000 * plan.interval_seconds, "plain", `${count(plan.kept_keys, "key")} within ${duration(plan.interval_seconds)}`);
  const past = await get("/history", { from: iso(begin - HOUR), resolution: "minute" }, signal);
  for (const { at, figures } of past.filter(({ figures }) => figures.republished_keys > 0).slice(-12)) {
    span("Stored again", Date.parse(at), Date.parse(at) + 60_000, "good", `${count(figures.republished_keys, "key")} stored again at ${time(at).textContent}`);
  }
  return section("Republishing, past and planned",
    facts([["Now", plan.phase], ["Due", count(plan.due_keys, "key")], ["That takes", plan.duration_seconds === null ? "no node to store on" : duration(plan.duration_seconds)],
      ["Kept alive", count(plan.kept_keys, "key")], ["Each comes due every", duration(plan.interval_seconds)],
      ["Beyond what can be stored in time", number(plan.keys_beyond_capacity)], ["Late", number(republishing?.late_keys)], ["Next due", time(plan.next_due)]]),
    rows.length > 0 && timeline({ title: "Timeline", rows, from: begin - HOUR, to: begin + 1000 * plan.interval_seconds }));
}

/** The replicas of every pinned key, and of the keys of pinned signers, each once. */
async function pinnedKeys(signal) {
  const pinned = await all("/pins", {}, signal);
  const known = new Map(pinned.filter(({ replicas }) => replicas).map(({ replicas }) => [replicas.key, replicas]));
  for (const { signer } of pinned.filter(({ signer }) => signer)) {
    for (const { replicas } of await all("/pins", { signer }, signal)) known.set(replicas.key, replicas);
  }
  return [...known.values()];
}

async function pins({ pins }, signal) {
  const total = pins ? pins.enough + pins.few + pins.none + pins.unknown : 0;
  if (total === 0) return section("Replicas of pinned keys", h("p", { class: "note" }, "Nothing is pinned, or nobody has looked yet. Pin keys under Act."));
  const legend = [["3 or more", "good"], ["1 or 2", "warn"], ["none", "bad"], ["not looked yet", "plain"]];
  const numbers = facts([["3 or more elsewhere", number(pins.enough)], ["1 or 2", number(pins.few)], ["None", number(pins.none)], ["Not looked yet", number(pins.unknown)]]);
  if (total > CELLS_MAX) return section("Replicas of pinned keys", numbers);
  const health = await pinnedKeys(signal);
  const level = (key) => !key.looked_at ? "plain" : key.holders >= 3 ? "good" : key.holders > 0 ? "warn" : "bad";
  const order = ["bad", "warn", "plain", "good"];
  const cells = health.map((key) => ({ level: level(key), label: `${key.key}: ${count(key.holders, "replica")} elsewhere`, key }))
    .sort((left, right) => order.indexOf(left.level) - order.indexOf(right.level));
  return section("Replicas of pinned keys", numbers, heatStrip({ title: "Pinned keys, those in danger first", cells, legend }),
    h("details", {}, h("summary", {}, "Figures"), table("Pinned keys", [
      ["Key", ({ key }) => h("a", { href: `#/explore/key/${key.key}` }, h("code", {}, key.key))], ["Replicas elsewhere", ({ key }) => number(key.holders)],
      ["Found when looked", ({ key }) => `${number(key.found)} of ${number(key.answered)}`], ["Looked", ({ key }) => time(key.looked_at)]], cells)));
}
