// All about one key: its values with the reasons why they are served or not, earlier versions, and what the network has.

import { h, section, facts, badge, failure, safeText } from "./dom.js";
import { number, time, count, duration } from "./format.js";
import { get, keyOf } from "./api.js";
import { back, searchForm } from "./explore.js";
import { valueView } from "./bytes.js";
import { timeline } from "./charts.js";
import { table } from "./table.js";

/** More values than this of one key are shown by the table of values. */
const VALUES_MAX = 100;

export async function show(root, text, { query, signal }) {
  const isNetwork = query.get("network") === "1";
  const title = h("h1", { tabindex: "-1" }, "Key ", h("q", {}, safeText(text)));
  root.replaceChildren(back(), title, searchForm(text, isNetwork), h("p", { class: "loading" }, "Loading…"));
  const key = await keyOf(text);
  const found = h("div", { "aria-live": "polite" });
  const report = await get(`/values/${key}`, {}, signal);
  root.lastChild.replaceWith(summary(report), found, ...content(report));
  if (isNetwork) await askNetwork(found, key, signal);
}

function summary(report) {
  const marks = [report.pinned && badge("pinned", "good"), report.blocked && badge("blocked", "bad")].filter(Boolean);
  const replicas = report.replicas;
  return h("div", {},
    facts([["Key", h("code", {}, report.key)], ["Marks", marks.length > 0 ? marks : null],
      ["Next stored again", time(report.next_due) ?? "not planned"],
      ["Replicas elsewhere", replicas && `${number(replicas.holders)} acknowledged it; ${number(replicas.found)} of ${number(replicas.answered)} nodes had it`],
      ["Looked", replicas && time(replicas.looked_at)]]),
    h("p", { class: "buttons" }, action(report.pinned ? "Unpin" : "Pin", report.pinned ? "unpin" : "pin", report.key),
      action("Store a value here", "store", report.key), action("Forget…", "forget", report.key)));
}

const action = (label, name, key) => h("a", { class: "button quiet", href: `#/act?${name}=${key}` }, label);

function content(report) {
  const { values, history, evidence, floors } = report;
  const versions = [...values, ...history];
  return [
    section("Values in this archive", values.length === 0 ? h("p", { class: "note" }, "The archive has no value under this key.")
      : values.slice(0, VALUES_MAX).map(valueCard), values.length > VALUES_MAX && h("p", { class: "note" }, `${number(values.length - VALUES_MAX)} more are not shown.`)),
    versions.length > 0 && section("Versions over time", versionLine(versions)),
    history.length > 0 && section("Earlier versions", history.slice(-VALUES_MAX).map(valueCard)),
    evidence.length > 0 && section("Equivocations", evidence.map(sideBySide)),
    floors.length > 0 && section("Floors", table("Versions below which nothing is taken", [["Signer", signer], ["Version", (row) => number(row.version)],
      ["Noted", (row) => time(row.noted)]], floors)),
  ].filter(Boolean);
}

const signer = (row) => h("a", { href: `#/explore/list/values?signer=${row.signer}` }, h("code", {}, row.signer));

/** Why a value is handed out to others, or not. */
export function reason(value) {
  const { state, expires_at: expires, replaced_at: replaced, withdrawn } = value;
  if (state === "damaged") return ["Not served: its record is damaged."];
  if (state === "replaced") return ["Not served: a later version took its place at ", time(replaced), "."];
  if (state === "served") return ["Served until ", time(expires), withdrawn ? "; then it ends, because it was withdrawn." : ", unless it is stored again."];
  const kept = state === "retained" ? " The archive retains it." : "";
  return ["Not served: it expired at ", time(expires), `.${kept}`, withdrawn && " It was withdrawn here."];
}

const levels = { served: "good", replaced: "plain", expired: "warn", retained: "plain", damaged: "bad" };

function valueCard(value) {
  const { verified } = value;
  return h("article", { class: "card" },
    h("p", {}, badge(value.state, levels[value.state]), " ", badge(value.class), " ", reason(value)),
    valueView(value.data),
    facts([["Version", value.version === null ? null : h("code", {}, String(value.version))], [value.class === "unsigned" ? "Hash" : "Signer", value.class === "unsigned"
      ? h("code", {}, value.id) : h("a", { href: `#/explore/list/values?signer=${value.id}` }, h("code", {}, value.id))],
    ["Signature", signature(value, verified)],
    ["Came from", value.published_here ? "published here" : value.sender && [h("code", {}, value.sender), ` at ${value.sender_address}`]],
    ["First seen", time(value.first_seen)], ["Last stored", time(value.last_stored)], ["Expires", time(value.expires_at)]]));
}

function signature(value, verified) {
  if (value.class === "unsigned") return "none: anybody may have written this";
  if (!verified) return "not noted when it was checked; the node accepts no wrong one";
  return [`${verified.result}, ${verified.algorithm}, checked by ${verified.by} at `, time(verified.at)];
}

function versionLine(versions) {
  const now = Date.now();
  const rows = versions.filter((value) => value.first_seen).map((value) => ({
    label: value.version === null ? "unsigned" : `v ${value.version}`, begin: Date.parse(value.first_seen),
    end: Math.max(Date.parse(value.replaced_at ?? value.expires_at), Date.parse(value.first_seen)), level: levels[value.state],
    text: `${value.version === null ? "unsigned value" : `version ${value.version}`} from ${time(value.first_seen).textContent} to ${time(value.replaced_at ?? value.expires_at).textContent}`,
  })).sort((left, right) => left.begin - right.begin).slice(-50);
  if (rows.length === 0) return h("p", { class: "note" }, "No record can be read.");
  const ends = rows.map(({ end }) => Math.min(end, now + 365 * 86400_000));
  return timeline({ title: "From first seen until replaced or expired", rows, from: rows[0].begin, to: Math.max(now, ...ends) });
}

/** Two values that one signer gave the same version. */
export const sideBySide = (pair) =>
  h("article", { class: "card" }, facts([["Key", h("a", { href: `#/explore/key/${pair.key}` }, h("code", {}, pair.key))], ["Signer", signer(pair)],
    ["Version", String(pair.version ?? "–")], ["Noted", time(pair.noted_at)]]),
  h("div", { class: "sides" }, h("div", {}, h("h3", {}, "First"), valueView(pair.held_data)), h("div", {}, h("h3", {}, "Later"), valueView(pair.offered_data))));

async function askNetwork(holder, key, signal) {
  holder.replaceChildren(section("In the network", h("p", { class: "loading" }, "Asking the network…")));
  try {
    const report = await get(`/network/values/${key}`, {}, signal);
    holder.replaceChildren(section("In the network",
      h("p", {}, report.asked === 0 ? "There was no node to ask; these are this node's own values."
        : `${count(report.answered, "node")} of ${number(report.asked)} answered, ${number(report.with_values)} had values. It took ${duration(report.seconds)}.`),
      table("Values found", [["Value", (row) => valueView(row.data)], ["Signer", (row) => row.mid ? signer({ signer: row.mid }) : "unsigned"],
        ["Version", (row) => String(row.version ?? "–")]], report.values, { empty: "Nobody has a value under this key." })));
  } catch (error) {
    if (!signal.aborted) holder.replaceChildren(section("In the network", failure(error)));
  }
}
