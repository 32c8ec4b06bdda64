// The lists: how each is asked for and shown. Those that can be long come in parts.

import { h, badge, failure, safeText } from "./dom.js";
import { number, bytes, time } from "./format.js";
import { get, post, part } from "./api.js";
import { table, pagedTable } from "./table.js";
import { contactTable, bucketTable } from "./keyspace.js";
import { valueView } from "./bytes.js";
import { sideBySide } from "./value.js";

const PART = 50;

const code = (text) => h("code", {}, text);
const keyLink = (key) => h("a", { href: `#/explore/key/${key}` }, code(key));
const signerLink = (mid) => h("a", { href: `#/explore/list/values?signer=${mid}` }, code(mid));
const subject = ({ key, signer }) => h("span", {}, key ? ["key ", keyLink(key)] : ["signer ", signerLink(signer)]);
const states = { served: "good", expired: "warn", retained: "plain", damaged: "bad" };

const parts = (path, parameters, signal) => (cursor) => get(path, { ...parameters, cursor, limit: PART }, signal);

export const lists = {
  values: {
    title: "Values", about: "What the archive has, in the order of keys, served or not.",
    content: ({ query, signal }) => pagedTable("Values", [["Key", (row) => keyLink(row.key)], ["State", (row) => badge(row.state, states[row.state])],
      ["Value", (row) => valueView(row.data, { shown: 80 })], ["Signer", (row) => (row.class === "unsigned" ? "unsigned" : signerLink(row.id))],
      ["Expires", (row) => time(row.expires_at)]],
    parts("/values", { signer: query.get("signer") }, signal), { empty: "The archive has no such values." }),
  },
  publishers: {
    title: "Publishers", about: "The signers with the most values.", needsIndex: true,
    content: async ({ signal }) => table("Publishers", [["Signer", (row) => signerLink(row.mid)], ["Values", (row) => number(row.values)],
      ["Size", (row) => bytes(row.bytes)], ["Key", (row) => row.level], ["Marks", (row) => [row.pinned && badge("pinned", "good"), row.blocked && badge("blocked", "bad")]],
      ["Last stored", (row) => time(row.last_stored)], ["", (row) => h("a", { href: `#/act?forget=signer:${row.mid}` }, "Forget…")]],
    await get("/publishers", {}, signal), { empty: "No value in the archive is signed." }),
  },
  sources: {
    title: "Largest sources", about: "The networks whose records take most of each budget: who fills the disk.",
    content: async ({ signal }) => table("Sources", [["Network", (row) => row.source], ["Budget", (row) => row.budget],
      ["Records", (row) => number(row.records)], ["Size", (row) => bytes(row.bytes)]],
    (await get("/sources", {}, signal)).sort((left, right) => right.bytes - left.bytes), { empty: "Nobody else has stored anything here." }),
  },
  evidence: {
    title: "Equivocations", about: "Pairs of values that one signer gave the same version under one key, side by side.",
    content: async ({ signal }) => {
      const { items, next } = await get("/evidence", { limit: PART }, signal);
      if (items.length === 0) return h("p", { class: "note" }, "No signer has done this here.");
      return h("div", {}, items.map(sideBySide), next && h("p", { class: "note" }, `These are the first ${PART}; bristlecone-dump lists all.`));
    },
  },
  contacts: { title: "Contacts", about: "The nodes in the routing tables.", content: async ({ signal }) => contactTable(await get("/contacts", {}, signal)) },
  buckets: { title: "Buckets", about: "The parts of the routing tables.", content: async ({ signal }) => bucketTable(await get("/buckets", {}, signal)) },
  tasks: { title: "Tasks", about: "What the node does again and again. Running one needs the key.", content: ({ signal }) => tasks(signal) },
  pins: {
    title: "Pins", about: "What is kept for good.", needsIndex: true,
    content: ({ signal }) => pagedTable("Pins", [["Pinned", subject], ["Replicas elsewhere", ({ replicas }) => (replicas?.looked_at ? number(replicas.holders) : "not known")],
      ["Looked", ({ replicas }) => time(replicas?.looked_at)],
      ["", ({ key, signer }) => h("a", { href: `#/act?unpin=${key ?? `signer:${signer}`}` }, "Unpin")]],
    parts("/pins", {}, signal), { empty: "Nothing is pinned." }),
  },
  blocks: {
    title: "Blocks", about: "The keys and signers whose values the node refuses.",
    content: ({ signal }) => pagedTable("Blocks", [["Blocked", subject], ["", (row) => h("a", { href: `#/act?unblock=${row.key ?? `signer:${row.signer}`}` }, "Unblock")]],
      parts("/blocks", {}, signal), { empty: "Nothing is blocked." }),
  },
  events: {
    title: "Events", about: "What happened: starts, unclean ends, alerts, damage, backups. The newest first.",
    content: ({ signal }) => pagedTable("Events", [["When", (row) => time(row.at)], ["What", (row) => badge(row.kind.replaceAll("_", " "), eventLevel(row.kind))],
      ["In words", (row) => safeText(row.message)]], async (before) => {
      const items = await get("/events", { before, limit: PART }, signal);
      return { items, next: items.length === PART ? items.at(-1).number : null };
    }, { empty: "No event is noted." }),
  },
};

const eventLevel = (kind) =>
  ({ alert_raised: "bad", damage_found: "bad", unclean_end: "bad", quota_reached: "bad", clock_step: "warn", alert_cleared: "good", backup_made: "good" })[kind] ?? "plain";

async function tasks(signal) {
  const holder = h("div");
  const said = h("p", { role: "status" });
  const draw = async () => {
    holder.replaceChildren(table("Tasks", [["Task", (row) => code(row.name)], ["Due", (row) => time(row.due)], ["Last run", (row) => time(row.last_run) ?? "never"],
      ["Outcome", (row) => safeText(row.last_result ?? "–")], ["May use", (row) => row.budget],
      ["", (row) => h("button", { type: "button", class: "quiet", "aria-label": `Run ${row.name} now`, onclick: () => run(row.name) }, "Run now")]],
    await get("/tasks", {}, signal)));
  };
  const run = async (name) => {
    try {
      await post(`/tasks/${part(name)}/run`);
      said.replaceChildren(`The task ${name} was told to run.`);
      await draw();
    } catch (error) {
      said.replaceChildren(failure(error));
    }
  };
  await draw();
  return h("div", {}, said, holder);
}
