// The way into what the node knows: a key to look up, and lists.

import { h, field, tick, section } from "./dom.js";
import { lists } from "./lists.js";

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
  const content = await list.content(context);
  root.replaceChildren(back(), title, h("p", {}, list.about), content);
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
