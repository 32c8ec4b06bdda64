// Whether all is well, in one sentence, and what to do if not.

import { count, bytes, duration } from "./format.js";

const DAY = 86400;

/**
 * Judges an overview.
 * @returns `{level, sentence, warnings}`: `level` is `good`, `warn` or `bad`; a warning has `level`, `text` and `remedy`.
 */
export function judge(overview) {
  const warnings = [...fromHealth(overview), ...fromArchive(overview), ...fromRepublishing(overview), ...fromClock(overview)];
  const gravest = ["bad", "warn"].find((level) => warnings.some((warning) => warning.level === level)) ?? "good";
  return { level: gravest, sentence: sentence(gravest, overview, warnings), warnings };
}

function sentence(level, { health, archive, endpoints }, warnings) {
  if (!health.live) return "The node hangs: look at the first warning below, and restart it if that lasts.";
  if (level === "bad") return `The node needs you: ${warnings.find((warning) => warning.level === "bad").text}`;
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

function fromArchive({ archive, disk, scrub, last_backup, now }) {
  const warnings = [];
  const warn = (level, text, remedy) => warnings.push({ level, text, remedy });
  if (!archive) return [{ level: "bad", text: "The archive cannot be read.", remedy: "Look at the node's log, and restore a backup if it stays so." }];
  const damaged = Math.max(archive.damaged_records, scrub?.damaged ?? 0, scrub?.last_damaged ?? 0);
  if (damaged > 0) {
    warn("bad", `${count(damaged, "record")} of the archive ${damaged === 1 ? "is" : "are"} damaged.`,
      "Check the disk. Run “bristlecone-dump verify” on a backup, and see docs/durability.md for repairs.");
  }
  if (archive.index_is_rebuilding) {
    warn("warn", "The index is being rebuilt, so lists may be incomplete.", "Wait; the node works meanwhile.");
  }
  if (disk.limit_bytes > 0 && disk.live_bytes > 0.9 * disk.limit_bytes) {
    warn("warn", `The archive has used ${bytes(disk.live_bytes)} of ${bytes(disk.limit_bytes)}.`, "Raise archive.size_limit, or forget what you do not need.");
  }
  const room = disk.free_bytes - disk.reserve_bytes;
  if (room > 0 && room < 0.1 * disk.free_bytes) {
    warn("warn", `The disk has ${bytes(room)} left before new values are refused.`, "Make room on the disk.");
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
      level: "warn", text: `${count(republishing.late_keys, "key")} came too late to be kept alive.`,
      remedy: "See Pictures, Republishing. If that goes on, raise upkeep.packets_per_second.",
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

function fromClock({ clock_offset_seconds: offset, versions_ahead_seconds: ahead }) {
  const warnings = [];
  if (Math.abs(offset) > 60) {
    warnings.push({
      level: "warn", text: `The machine's clock was set by ${duration(Math.abs(offset))}.`,
      remedy: "If it is right now, do nothing: the node follows after ten minutes.",
    });
  }
  if (ahead > 60) {
    warnings.push({
      level: "warn", text: `Published versions are ${duration(ahead)} ahead of the clock.`, remedy: "Check the machine's clock.",
    });
  }
  return warnings;
}
