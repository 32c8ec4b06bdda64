// Every change of the archive as it happens, over one connection that is opened again when it breaks.

import { h, badge } from "./dom.js";
import { lines } from "./api.js";
import { back } from "./explore.js";
import { time } from "./format.js";
import { valueView } from "./bytes.js";
import { whole } from "./table.js";

const ROWS_MAX = 200, RETRY_SECONDS = 3;

export async function show(root, { signal }) {
  const said = h("p", { role: "status" }, "Connecting…");
  const body = h("tbody");
  let isPaused = false;
  const pause = h("button", { type: "button", class: "quiet", "aria-pressed": "false", onclick: () => {
    isPaused = !isPaused;
    pause.setAttribute("aria-pressed", String(isPaused));
    pause.textContent = isPaused ? "Go on" : "Pause";
  } }, "Pause");
  root.replaceChildren(back(), h("h1", { tabindex: "-1" }, "Changes"),
    h("p", {}, `Changes of the archive since this page was opened, the newest first, up to ${ROWS_MAX}.`), said, h("p", { class: "buttons" }, pause),
    h("div", { class: "table" }, h("table", {}, h("caption", {}, "Changes"), h("thead", {}, h("tr", {},
      ["Number", "When", "What", "Key", "Value"].map((name) => h("th", { scope: "col" }, name)))), body)));
  let after;
  let missed = 0;
  const take = (change) => {
    if (change.op === "heartbeat") {
      if (after === undefined) said.replaceChildren("Connected, and waiting for changes.");
      return void (after ??= change.change);
    }
    if (change.op === "reset") {
      after = undefined;
      return void said.replaceChildren("The node no longer has the changes since then; some are missing here.");
    }
    after = change.change;
    if (isPaused) return void said.replaceChildren(`Paused; ${++missed} changes went by.`);
    said.replaceChildren(`The last change is number ${change.change}.`);
    body.prepend(row(change));
    while (body.rows.length > ROWS_MAX) body.lastChild.remove();
  };
  // Does not wait for the end, which comes when the view is left.
  (async () => {
    while (!signal.aborted) {
      try {
        for await (const change of lines("/changes", { parameters: { after }, signal })) take(change);
      } catch (error) {
        if (signal.aborted) return;
        said.replaceChildren(`${error.message} Trying again…`);
        if (error.status === 410) after = undefined;
        if (error.status === 401) return;
      }
      await new Promise((resolve) => setTimeout(resolve, 1000 * RETRY_SECONDS));
    }
  })();
}

function row({ change, at, op, kind, key, data }) {
  return h("tr", {}, [["Number", String(change)], ["When", time(at)], ["What", [badge(op === "put" ? "stored" : "gone", op === "put" ? "good" : "plain"), ` ${kind}`]],
    ["Key", key ? h("a", { href: `#/explore/key/${key}` }, h("code", {}, key)) : "–"], ["Value", data ? valueView(data, { shown: 60 }) : "–"]]
    .map(([title, content]) => h("td", { "data-title": title }, whole(content))));
}
