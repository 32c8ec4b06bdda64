// The first view: one sentence, what to do, and the main figures.

import { h, facts, section, failure, safeText } from "./dom.js";
import { number, bytes, duration, time, after, count, share } from "./format.js";
import { get } from "./api.js";
import { judge } from "./verdict.js";

const REFRESH_SECONDS = 5;

export async function show(root, { signal, repeat }) {
  const title = root.firstChild;
  const update = async () => {
    try {
      const overview = await get("/overview", {}, signal);
      root.replaceChildren(title, ...content(overview));
    } catch (error) {
      // The last figures stay while the node does not answer.
      if (!signal.aborted && !root.querySelector(".verdict")) root.replaceChildren(title, failure(error));
    }
  };
  await repeat(REFRESH_SECONDS, update);
}

function content(overview) {
  const { level, sentence, warnings } = judge(overview);
  return [
    h("p", { class: `verdict ${level}`, role: "status" }, safeText(sentence)),
    warnings.length > 0 && section("What to do", h("ul", { class: "warnings" }, warnings.map(warning))),
    h("div", { class: "cards" }, contacts(overview), values(overview), disk(overview), republishing(overview), pins(overview),
      care(overview)),
    about(overview),
  ].filter(Boolean);
}

const warning = ({ level, text, remedy }) =>
  h("li", { class: level }, h("strong", {}, level === "bad" ? "Problem: " : "Note: "), safeText(text), remedy && ` ${remedy}`);

const card = (title, big, link, ...more) =>
  h("section", { class: "card" }, h("h2", {}, h("a", { href: link }, title)), h("p", { class: "big" }, big), ...more);

function contacts({ endpoints }) {
  const good = endpoints.reduce((sum, endpoint) => sum + endpoint.good, 0);
  return card("Contacts", `${number(good)} good`, "#/explore/list/contacts",
    endpoints.length === 0 && h("p", {}, "Not known: the node does not say."),
    facts(endpoints.map((endpoint) => [endpoint.family === "ipv4" ? "IPv4" : "IPv6",
      `${number(endpoint.good)} good, ${number(endpoint.unknown)} unknown, ${number(endpoint.bad)} bad in `
        + count(endpoint.buckets, "bucket")])));
}

function values({ archive }) {
  if (!archive) return card("Values", "not readable", "#/explore/list/values");
  return card("Values", number(archive.values), "#/explore/list/values",
    facts([["Keys", number(archive.keys)], ["Signed by the key's owner", number(archive.owner)],
      ["Signed by others", number(archive.signed)], ["Unsigned", number(archive.unsigned)],
      ["Changes so far", number(archive.last_change)]]));
}

/** How much of something is used, as a bar with words. */
export const use = (label, used, limit) =>
  h("div", { class: "use" }, h("span", {}, label), h("span", {}, `${bytes(used)} of ${bytes(limit)} (${share(used, limit)})`),
    h("meter", { min: 0, max: Math.max(limit, 1), value: used, high: 0.9 * limit, low: 0.75 * limit, optimum: 0, "aria-label": `${label}: ${bytes(used)} of ${bytes(limit)}` }));

function disk({ disk, budgets }) {
  return card("Disk", bytes(disk.live_bytes), "#/explore/list/sources",
    use("Archive", disk.live_bytes, disk.limit_bytes),
    facts([["Free on the disk", bytes(disk.free_bytes)], ["Kept free", bytes(disk.reserve_bytes)]]),
    h("details", {}, h("summary", {}, "Budgets"), budgets.map((budget) => use(budget.budget, budget.used_bytes, budget.limit_bytes))));
}

function republishing({ republishing, now }) {
  if (!republishing) return card("Republishing", "not known", "#/pictures");
  return card("Republishing", republishing.phase, "#/pictures",
    facts([["Kept alive", count(republishing.kept_keys, "key")], ["Due", number(republishing.due_keys)],
      ["Late", number(republishing.late_keys)], ["Stored again since the start", number(republishing.stored_keys)],
      ["Not acknowledged", number(republishing.unacknowledged_keys)], ["Next due", time(after(republishing.next_due, now))]]));
}

function pins({ pins }) {
  if (!pins) return card("Pins", "not looked yet", "#/explore/list/pins");
  const total = pins.enough + pins.few + pins.none + pins.unknown;
  const lowest = pins.none > 0 ? "0" : pins.few > 0 ? "1 or 2" : pins.enough > 0 ? "3 or more" : "not known yet";
  return card("Pins", count(total, "key"), "#/explore/list/pins",
    total === 0 ? h("p", {}, "Nothing was pinned at the last look, a minute ago at most.")
      : facts([["Lowest number of replicas elsewhere", lowest], ["3 or more", number(pins.enough)], ["1 or 2", number(pins.few)],
        ["None", number(pins.none)], ["Not looked yet", number(pins.unknown)]]));
}

function care({ scrub, last_backup }) {
  return card("Backup and scrub", last_backup ? time(last_backup) : "no backup", "#/explore/list/events",
    facts([["Last backup", time(last_backup) ?? "none known"],
      ["Last scrub", scrub?.last_finished ? time(scrub.last_finished) : "not finished yet"],
      ["Records checked then", scrub && number(scrub.last_checked)], ["Damaged", scrub && number(scrub.last_damaged)],
      ["Checked in this run", scrub?.started && number(scrub.checked)]]));
}

function about(overview) {
  return h("details", { class: "about" }, h("summary", {}, "About this node"),
    facts([["Version", overview.version], ["Identity (mid)", h("code", {}, overview.mid)], ["Running for", duration(overview.uptime_seconds)],
      ["Memory", bytes(overview.memory_bytes)], ["Node's time", time(overview.now)],
      ...overview.endpoints.flatMap((endpoint) => [
        [`Listens on (${endpoint.family})`, endpoint.listen], ["Others see it at", endpoint.external ?? "not known yet"],
        ["Node id", h("code", {}, endpoint.node_id)]])]));
}
