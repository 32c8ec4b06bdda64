// Whether all is well, in one sentence, and what to do if not.

import { count, bytes, duration, share } from "./format.js";

const DAY = 86400;
/** A budget, or the archive, that is fuller than this is told of. */
const FULL = 0.9;
/** With less room than this on the disk, or than an eighth of what is kept free, that is told. */
const LITTLE_ROOM = 128 << 20;

/** The budgets, as people call what is in them, and the setting of each one's share. */
const budgetNames = {
  served: ["served values", "values"], retained: ["expired values", "values"], history: ["earlier versions", "versions"],
  floors: ["versions of values that are gone", "versions"], evidence: ["equivocations", "equivocations"],
};

/**
 * Judges an overview.
 * @returns `{level, sentence, warnings}`: `level` is `good`, `warn` or `bad`; a warning has `level`, `text` and `remedy`.
 */
export function judge(overview) {
  const warnings = [...fromHealth(overview), ...fromArchive(overview), ...fromRepublishing(overview), ...fromClock(overview)];
  const order = ["bad", "warn"];
  warnings.sort((left, right) => order.indexOf(left.level) - order.indexOf(right.level));
  const gravest = warnings[0]?.level ?? "good";
  return { level: gravest, sentence: sentence(gravest, overview, warnings), warnings };
}

function sentence(level, { health, archive, endpoints }, warnings) {
  if (!health.live) return "The node hangs: look at the first warning below, and restart it if that lasts.";
  if (level === "bad") return `The node needs you: ${warnings[0].text}`;
  if (!health.ready) return "The node is starting: it is not part of the network yet.";
  if (level === "warn") return `The node works, and ${count(warnings.length, "thing needs", "things need")} your attention.`;
  const contacts = endpoints.reduce((sum, endpoint) => sum + endpoint.good, 0);
  return `All is well: the node has ${count(contacts, "good contact")} and stores ${count(archive?.values ?? 0, "value")}.`;
}

const passing = new Set(["no_contacts_yet", "table_recovering"]);

/** The node's own reasons and problems have the remedy in their sentences. */
function fromHealth({ health, problems }) {
  const reasons = health.reasons.map(({ code, message }) => ({ level: passing.has(code) ? "warn" : "bad", text: message }));
  const told = new Set(health.reasons.map((reason) => reason.message));
  return [...reasons, ...problems.filter((text) => !told.has(text)).map((text) => ({ level: "bad", text }))];
}

function fromArchive({ archive, disk, budgets, scrub, health, last_backup, now }) {
  const warnings = [];
  const warn = (level, text, remedy) => warnings.push({ level, text, remedy });
  if (!archive) return [{ level: "bad", text: "The archive cannot be read.", remedy: "Look at the node's log, and restore a backup if it stays so." }];
  const damaged = Math.max(archive.damaged_records, scrub?.damaged ?? 0, scrub?.last_damaged ?? 0);
  if (damaged > 0) {
    warn("bad", `${count(damaged, "record")} of the archive ${damaged === 1 ? "is" : "are"} damaged.`,
      "Check the disk. Run “bristlecone-dump verify” on a backup, and see docs/durability.md for repairs.");
  }
  if (archive.index_is_rebuilding) {
    warn("warn", "The index is being rebuilt, so publishers, replicas and what is due are not complete yet.",
      "Wait; nothing is lost, and the node works meanwhile.");
  }
  const is = (code) => health.reasons.some((reason) => reason.code === code);
  if (disk.limit_bytes > 0 && disk.live_bytes > FULL * disk.limit_bytes && !is("archive_full")) {
    warn("warn", `The archive has used ${bytes(disk.live_bytes)} of ${bytes(disk.limit_bytes)}; when it is full, it refuses new values.`,
      "Raise archive.size_limit, or forget what you do not need.");
  }
  for (const { budget, used_bytes: used, limit_bytes: limit } of budgets) {
    if (limit === 0 || used <= FULL * limit) continue;
    const [name, parts] = budgetNames[budget] ?? [budget, "records"];
    warn("warn", `The budget for ${name} is ${share(used, limit)} full; when it is full, the network that stored most loses its oldest ${parts}.`,
      `Raise archive.size_limit or archive.${budget}_share, or pin what has to stay.`);
  }
  const room = disk.free_bytes - disk.reserve_bytes;
  if (room < Math.max(LITTLE_ROOM, disk.reserve_bytes / 8) && !is("disk_full")) {
    warn("warn", `The disk has room for ${bytes(Math.max(room, 0))} more before new values are refused.`, "Make room on the disk.");
  }
  if (archive.values > 0 && !last_backup) {
    warn("warn", "There is no backup.", "Make one under Act, and keep it on another disk.");
  } else if (last_backup && (new Date(now) - new Date(last_backup)) / 1000 > 30 * DAY) {
    warn("warn", `The last backup is ${duration((new Date(now) - new Date(last_backup)) / 1000)} old.`, "Make a new one under Act.");
  }
  return warnings;
}

function fromRepublishing({ republishing, pins }) {
  const warnings = [];
  if (republishing?.late_keys > 0) {
    warnings.push({
      level: "warn",
      text: `${count(republishing.late_keys, "key")} ${republishing.late_keys === 1 ? "was" : "were"} not stored again before other nodes forgot ${republishing.late_keys === 1 ? "it" : "them"}.`,
      remedy: "After the node was off this is normal: it stores them again once it has contacts. If it goes on, raise upkeep.packets_per_second.",
    });
  }
  if (republishing?.keys_beyond_capacity > 0) {
    warnings.push({
      level: "warn",
      text: `The node cannot keep all keys alive: ${count(republishing.keys_beyond_capacity, "more key comes", "more keys come")} due than it can store again in time.`,
      remedy: "Raise upkeep.packets_per_second, or share the keys among several nodes (docs/fleet.md).",
    });
  }
  if (pins?.none > 0) {
    warnings.push({
      level: "bad", text: `No other node has a replica of ${count(pins.none, "pinned key")}.`,
      remedy: "See the replicas under Pictures; run the task “republish” under Act.",
    });
  }
  if (pins?.few > 0) {
    warnings.push({
      level: "warn", text: `${count(pins.few, "pinned key")} ${pins.few === 1 ? "has" : "have"} fewer than 3 replicas elsewhere.`,
      remedy: "The node stores them again by itself; look again in an hour.",
    });
  }
  return warnings;
}

function fromClock({ clock_offset_seconds: offset, behind_archive_seconds: behind, versions_ahead_seconds: ahead }) {
  const warnings = [];
  if (behind > 60) {
    warnings.push({
      level: "bad", text: `The machine's clock is ${duration(behind)} behind the newest change in the archive.`,
      remedy: "Set the clock; the node then follows at once. If the clock is right, and was ahead before, do nothing.",
    });
  } else if (Math.abs(offset) > 60) {
    warnings.push({
      level: "warn", text: `The machine's clock was set by ${duration(Math.abs(offset))}.`,
      remedy: "If it is right now, do nothing: the node follows after ten minutes.",
    });
  }
  if (ahead > 60) {
    warnings.push({
      level: "warn", text: `A value was published with a version that is ${duration(ahead)} ahead of the clock, because an earlier one of it was.`,
      remedy: "Check the machine's clock. If it is right, and was ahead before, do nothing.",
    });
  }
  return warnings;
}
