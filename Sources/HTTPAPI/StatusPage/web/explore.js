// The way into what the node knows: a key to look up, and lists.

import { h, field, tick, section } from "./dom.js";
import { lists } from "./lists.js";
import { get } from "./api.js";

const REBUILD_SECONDS = 5;

export async function show(root, context) {
  const title = root.firstChild;
  const [kind, ...rest] = context.steps;
  if (kind === "key") return (await import("./value.js")).show(root, rest.join("/"), context);
  if (kind === "changes") return (await import("./changes.js")).show(root, context);
  if (kind === "list") return showList(root, rest[0], context);
  root.replaceChildren(title, searchForm(), section("Lists", h("ul", { class: "tiles" },
    Object.entries(lists).map(([name, list]) => tile(`#/explore/list/${name}`, list.title, list.about)),
    tile("#/explore/changes", "Changes", "Every change of the archive, as it happens."))));
}

const tile = (href, title, about) => h("li", {}, h("a", { href }, title), h("span", {}, about));

async function showList(root, name, context) {
  const list = lists[name];
  const title = h("h1", { tabindex: "-1" }, list?.title ?? "No such list");
  root.replaceChildren(back(), title, h("p", { class: "loading" }, "Loading…"));
  if (!list) return root.lastChild.replaceWith(h("p", {}, "There is no list of that name."));
  // Asked first: a list that was read before the rebuild's end must not be taken for a complete one.
  const isRebuilding = list.needsIndex && await indexIsRebuilding(context.signal);
  const content = await list.content(context);
  const caution = h("p", { class: "caution", role: "status" }, "The index is being rebuilt, so this list is not complete yet.");
  root.replaceChildren(back(), title, h("p", {}, list.about), ...(isRebuilding ? [caution] : []), content);
  if (isRebuilding) showAgainWhenRebuilt(root, name, context);
}

/** Shows a list anew once nothing is missing from it. */
function showAgainWhenRebuilt(root, name, context) {
  let isOver = false;
  context.repeat(REBUILD_SECONDS, async () => {
    if (isOver || await indexIsRebuilding(context.signal)) return;
    isOver = true;
    await showList(root, name, context);
  });
}

async function indexIsRebuilding(signal) {
  const { archive } = await get("/overview", {}, signal);
  return archive?.index_is_rebuilding;
}

export const back = () => h("p", { class: "back" }, h("a", { href: "#/explore" }, "← Explore"));

/** Asks which key, and where to look. */
export function searchForm(text = "", isNetwork = false) {
  const key = h("input", { type: "search", required: true, value: text, autocapitalize: "off", spellcheck: "false", autocomplete: "off" });
  const network = h("input", { type: "checkbox", checked: isNetwork });
  const submit = (event) => {
    event.preventDefault();
    location.hash = `#/explore/key/${encodeURIComponent(key.value)}${network.checked ? "?network=1" : ""}`;
  };
  return h("form", { class: "search", role: "search", onsubmit: submit },
    field("Key", key, "A text, or 40 hexadecimal digits. A text is hashed with SHA-1."),
    tick("Ask the network too", network), h("button", {}, "Look up"));
}
