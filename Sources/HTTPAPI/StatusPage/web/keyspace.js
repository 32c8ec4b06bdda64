// The key space as a strip: where values lie densely, our own place, contacts by state, and the buckets.

import { h, svg, section, badge } from "./dom.js";
import { number, time, count } from "./format.js";
import { get } from "./api.js";
import { table } from "./table.js";

const WIDTH = 768, HEIGHT = 150, BASE = 110;
const PREFIX_MAX = 48, STEP = 4;

/** The bits of hexadecimal digits. */
const bitsOf = (hex) => [...hex].map((digit) => Number.parseInt(digit, 16).toString(2).padStart(4, "0")).join("");

/** Where an id lies in a stretch, from 0 to 1; `null` if it is not in it. */
function place(bits, prefix) {
  if (!bits.startsWith(prefix)) return null;
  return Number.parseInt(bits.slice(prefix.length, prefix.length + 32).padEnd(32, "0"), 2) / 2 ** 32;
}

/** The picture, for the whole key space at first; buttons go closer to our own place. */
export async function keySpace(overview, signal) {
  const [contacts, buckets] = await Promise.all([get("/contacts", {}, signal), get("/buckets", {}, signal)]);
  const own = overview.endpoints.map(({ family, node_id: id }) => ({ family, id, bits: bitsOf(id) }));
  const holder = h("div");
  const draw = async (prefix) => {
    const density = await get("/density", { prefix }, signal);
    const zoom = (text, next, isPossible) =>
      h("button", { type: "button", class: "quiet", disabled: !isPossible, onclick: () => draw(next) }, text);
    const home = own[0]?.bits ?? "";
    holder.replaceChildren(
      h("p", {}, words(density, contacts, own, prefix)),
      h("p", { class: "legend" }, [["values", "density"], ["this node", "own"], ["good contact", "good"], ["unknown", "warn"], ["bad", "bad"]]
        .map(([name, level]) => h("span", { class: `key ${level}` }, name))),
      picture(density, contacts, buckets, own, prefix),
      h("p", { class: "buttons" },
        zoom("Closer to this node", home.slice(0, prefix.length + STEP), home && prefix.length + STEP <= PREFIX_MAX),
        zoom("Farther", prefix.slice(0, -STEP), prefix.length > 0)));
  };
  await draw("");
  return section("Key space", holder, h("details", {}, h("summary", {}, "Contacts and buckets as tables"), contactTable(contacts), bucketTable(buckets)));
}

function words({ values, counted_max: countedMax }, contacts, own, prefix) {
  const total = values.reduce((sum, value) => sum + value, 0);
  const isEstimate = values.some((value) => value > countedMax);
  const here = contacts.filter((contact) => place(bitsOf(contact.node_id), prefix) !== null).length;
  const stretch = prefix ? `The part of the key space whose keys begin with the bits ${prefix}` : "The whole key space";
  return `${stretch}: ${isEstimate ? "about " : ""}${count(total, "value")}, ${count(here, "contact")}`
    + `${own.some(({ bits }) => bits.startsWith(prefix)) ? ", and this node" : ""}.`;
}

function picture({ values }, contacts, buckets, own, prefix) {
  // Some parts have a thousand times more than others, so heights follow the logarithm.
  const top = Math.log1p(Math.max(...values, 1));
  const width = WIDTH / values.length;
  const marks = (items, make) => items.map((item) => ({ item, at: place(bitsOf(item.node_id), prefix) }))
    .filter(({ at }) => at !== null).map(({ item, at }) => make(item, at * WIDTH));
  const level = { good: "good", unknown: "warn", bad: "bad" };
  return svg("svg", { class: "keyspace", viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img", "aria-label": words({ values, counted_max: Infinity }, contacts, own, prefix) },
    values.map((value, part) => value > 0 && svg("rect", {
      class: "density", x: part * width, y: BASE - 90 * Math.log1p(value) / top, width, height: 90 * Math.log1p(value) / top,
    }, svg("title", {}, count(value, "value")))),
    svg("line", { class: "grid", x1: 0, x2: WIDTH, y1: BASE, y2: BASE }),
    buckets.filter((bucket) => bucket.prefix.startsWith(prefix)).map((bucket) => {
      const rest = bucket.prefix.slice(prefix.length);
      const begin = rest ? Number.parseInt(rest.padEnd(32, "0").slice(0, 32), 2) / 2 ** 32 : 0;
      return svg("rect", { class: "bucket", x: begin * WIDTH, y: BASE + 22, width: Math.max(WIDTH / 2 ** rest.length - 1, 1), height: 10 },
        svg("title", {}, `Bucket ${bucket.prefix || "of all ids"}: ${count(bucket.contacts, "contact")}`));
    }),
    marks(contacts, (contact, x) => svg("circle", { class: `contact ${level[contact.status]}`, cx: x, cy: BASE + 10, r: 5 },
      svg("title", {}, `${contact.address}: ${contact.status}`))),
    own.map(({ bits, family }) => {
      const at = place(bits, prefix);
      return at !== null && svg("path", { class: "own", d: `M${at * WIDTH} ${BASE}V4m-6 0h12l-6 9z` }, svg("title", {}, `This node (${family})`));
    }));
}

export const contactTable = (contacts) =>
  table("Contacts", [["Address", (row) => row.address], ["State", (row) => badge(row.status, { good: "good", unknown: "warn", bad: "bad" }[row.status])],
    ["Last answer", (row) => time(row.last_response) ?? "never"], ["Failures in a row", (row) => number(row.failures)],
    ["Identity", (row) => h("code", {}, row.mid)], ["Node id", (row) => h("code", {}, row.node_id)]],
  contacts, { empty: "The node has no contacts: it is cut off or has just started." });

export const bucketTable = (buckets) =>
  table("Buckets", [["Family", (row) => row.family], ["Prefix", (row) => h("code", {}, row.prefix || "all ids")], ["Contacts", (row) => number(row.contacts)],
    ["Good", (row) => number(row.good_contacts)], ["Last changed", (row) => time(row.last_changed)]], buckets);
