// Finds the view for the address, and shows it until the address changes.

import { h, failure } from "./dom.js";
import { toggleZone } from "./format.js";
import { connection } from "./api.js";
import * as overview from "./overview.js";

// Only the first view comes with the page; the others are fetched when they are wanted.
const views = {
  "": { title: "Overview", load: async () => overview },
  pictures: { title: "Pictures", load: () => import("./pictures.js") },
  explore: { title: "Explore", load: () => import("./explore.js") },
  act: { title: "Act", load: () => import("./act.js") },
};

const main = document.getElementById("main");
const banner = document.getElementById("banner");
let leaving = new AbortController();
let isUp = true;

/** `#/explore/key/greeting?local=1` becomes the view explore, the steps key and greeting, and the query. */
function place() {
  const [path, query] = location.hash.replace(/^#\/?/, "").split("?");
  const [name, ...steps] = path.split("/").map((step) => {
    try { return decodeURIComponent(step); } catch { return step; }
  });
  return { name, steps, query: new URLSearchParams(query) };
}

/** Does something now and again, while the view is shown and somebody can see it. */
function repeater(signal) {
  return (seconds, body) => {
    const run = async () => {
      if (signal.aborted) return;
      if (!document.hidden) await body().catch(() => {});
      if (!signal.aborted) setTimeout(run, 1000 * seconds);
    };
    return run();
  };
}

async function show() {
  leaving.abort();
  leaving = new AbortController();
  const { signal } = leaving;
  const { name, steps, query } = place();
  const view = views[name];
  if (!view) return void location.replace("#/");
  for (const link of document.querySelectorAll("nav a")) {
    const isHere = link.getAttribute("href") === (name ? `#/${name}` : "#/");
    link.toggleAttribute("aria-current", isHere);
    if (isHere) link.setAttribute("aria-current", "page");
  }
  document.title = `${view.title} · Bristlecone`;
  const root = h("div", { class: "view" }, h("h1", { tabindex: "-1" }, view.title), h("p", { class: "loading" }, "Loading…"));
  main.replaceChildren(root);
  try {
    const module = await view.load();
    if (signal.aborted) return;
    await module.show(root, { steps, query, signal, repeat: repeater(signal) });
  } catch (error) {
    if (!signal.aborted) root.replaceChildren(h("h1", { tabindex: "-1" }, view.title), failure(error));
  }
  // Tells whoever waits for it, such as a test, which place is shown in full.
  if (!signal.aborted) main.dataset.shown = location.hash;
}

/** Looks whether a stopped node is back. The file is small and needs no key. */
async function retry() {
  while (!isUp) {
    await new Promise((resolve) => setTimeout(resolve, 3000));
    const response = await fetch("/page/icon.svg", { cache: "no-store" }).catch(() => null);
    if (response?.ok) {
      connection.dispatchEvent(new CustomEvent("change", { detail: true }));
      return show();
    }
  }
}

connection.addEventListener("change", ({ detail }) => {
  if (detail === isUp) return;
  isUp = detail;
  banner.hidden = isUp;
  document.body.classList.toggle("stopped", !isUp);
  if (isUp) return;
  banner.replaceChildren(h("strong", {}, "The node does not answer."),
    " It has stopped, or this machine cannot reach it. Start it with “bristlecone run”; this page tries again every few seconds. ",
    "Figures below are the last ones known.");
  retry();
});

const zone = document.getElementById("zone");
zone.addEventListener("click", () => toggleZone(zone));
document.querySelector(".skip").addEventListener("click", (event) => {
  event.preventDefault();
  main.focus();
});
addEventListener("hashchange", () => show().then(() => main.querySelector("h1")?.focus({ preventScroll: true })));
show();
