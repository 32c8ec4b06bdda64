// What an operator does. Everything here needs the key, which is asked for when it is.

import { h, section, field, tick, facts, safeText } from "./dom.js";
import { number, bytes, count } from "./format.js";
import { get, post, lines, keyOf, part } from "./api.js";

/** The most pins that one request may change. */
const PINS_MAX = 10_000;
/** So many parts of a listing are counted to say what would be lost. */
const PARTS_COUNTED = 5;

export async function show(root, { query, signal }) {
  const given = (name) => query.get(name) ?? "";
  root.replaceChildren(root.firstChild, h("p", {}, "What you do here needs the API key. It is asked for once, and kept until you close this tab."),
    h("div", { class: "forms" }, store(given("store")), pin(given("pin"), given("unpin")), forget(given("forget"), given("unblock")), backUp(), await tasks(signal)));
  const wanted = ["store", "pin", "unpin", "forget", "unblock"].find((name) => query.has(name));
  if (wanted) root.querySelector(`[data-for~="${wanted}"]`)?.scrollIntoView();
}

/** A form that says what came of it. The button cannot be pressed twice. */
function form(title, names, fields, label, act) {
  const said = h("p", { role: "status" });
  const button = h("button", {}, label);
  const submit = async (event) => {
    event.preventDefault();
    button.disabled = true;
    said.className = "";
    said.replaceChildren("Working…");
    try {
      said.replaceChildren(...[await act((text) => said.replaceChildren(text))].flat());
    } catch (error) {
      said.className = "failure";
      said.replaceChildren(...safeText(error.message));
    }
    button.disabled = false;
  };
  return h("section", { class: "card", "data-for": names }, h("h2", {}, title), h("form", { onsubmit: submit }, fields, h("p", { class: "buttons" }, button), said));
}

function store(givenKey) {
  const key = h("input", { required: true, value: givenKey, autocomplete: "off", spellcheck: "false" });
  const value = h("textarea", { rows: 3, spellcheck: "false" });
  const isHex = h("input", { type: "checkbox" });
  const isSigned = h("input", { type: "checkbox", checked: true });
  return form("Store a value", "store", [field("Key", key, "A text, or 40 hexadecimal digits."), field("Value", value, "Up to 169 bytes; signed with the usual kind of key up to 23."),
    tick("The value is in hexadecimal digits", isHex), tick("Sign it with this node's key", isSigned)], "Store", async () => {
    const target = await keyOf(key.value);
    const report = await post(`/values/${target}`, { [isHex.checked ? "data" : "text"]: isHex.checked ? value.value.replace(/\s/g, "") : value.value, signed: isSigned.checked });
    return [`Stored here${report.version === null ? "" : `, version ${report.version}`}; ${number(report.acknowledged)} of ${count(report.asked, "other node")} acknowledged it. `,
      h("a", { href: `#/explore/key/${report.key}` }, "Look at the key")];
  });
}

/** `signer:` and an identity is a signer, anything else a key. */
async function subjectOf(text) {
  const signer = /^signer:\s*([0-9a-f]{40})$/i.exec(text);
  return signer ? { signer: signer[1].toLowerCase() } : { key: await keyOf(text) };
}

function pin(givenPin, givenUnpin) {
  const list = h("textarea", { rows: 4, required: true, spellcheck: "false" });
  list.value = givenPin || givenUnpin;
  const what = h("select", {}, h("option", { value: "add" }, "Pin"), h("option", { value: "remove", selected: Boolean(givenUnpin) }, "Unpin"));
  return form("Pin and unpin", "pin unpin", [field("Keys and signers", list, "One a line: a text, 40 hexadecimal digits, or signer: and an identity. Up to ten thousand."),
    field("What to do", what)], "Do it", async () => {
    const texts = list.value.split("\n").map((line) => line.trim()).filter(Boolean);
    if (texts.length > PINS_MAX) throw new Error(`These are ${number(texts.length)} lines; give up to ${number(PINS_MAX)} at once.`);
    const subjects = [];
    for (const text of texts) subjects.push(await subjectOf(text));
    const report = await post("/pins", { [what.value]: subjects });
    return `${number(report.added)} pinned, ${number(report.removed)} unpinned, ${number(report.unchanged)} unchanged.`;
  });
}

function forget(givenForget, givenUnblock) {
  const text = h("input", { required: true, value: givenForget || givenUnblock, autocomplete: "off", spellcheck: "false" });
  const what = h("select", {}, h("option", { value: "forget" }, "Forget"), h("option", { value: "block" }, "Forget and block"),
    h("option", { value: "unblock", selected: Boolean(givenUnblock) }, "Unblock"));
  return form("Forget and block", "forget unblock", [field("Key or signer", text, "A text, 40 hexadecimal digits, or signer: and an identity."), field("What to do", what)],
    "Go on…", async () => {
      const subject = await subjectOf(text.value.trim());
      if (what.value === "unblock") {
        await post("/unblock", subject);
        return "Its values are accepted again.";
      }
      const isBlock = what.value === "block";
      if (!(await confirm(subject, text.value.trim(), await loss(subject), isBlock))) return "Nothing was erased.";
      const report = await post("/forget", { ...subject, block: isBlock });
      return `${count(report.erased, "record")} erased${isBlock ? ", and its values are refused from now on" : ""}.`;
    });
}

/** What forgetting would erase, in words. */
async function loss({ key, signer }) {
  if (key) {
    const report = await get(`/values/${key}`);
    return [count(report.values.length, "value"), count(report.history.length, "earlier version"), count(report.evidence.length, "equivocation"),
      ...(report.pinned ? ["a pin: it was meant to be kept for good"] : []), ...(report.values.some((value) => value.published_here) ? ["what you published here"] : [])];
  }
  let [total, cursor] = [0, undefined];
  for (let counted = 0; counted < PARTS_COUNTED; counted += 1) {
    const page = await get("/values", { signer, cursor, limit: 1000 });
    total += page.items.length;
    cursor = page.next;
    if (!cursor) break;
  }
  return [`${cursor ? "at least " : ""}${count(total, "value")} of this signer, under every key`, "their earlier versions and equivocations"];
}

/** Says what will be lost and asks whether to go on. The harmless answer is the one that a key press gives. */
function confirm(subject, text, losses, isBlock) {
  return new Promise((resolve) => {
    const close = (answer) => {
      dialog.close();
      dialog.remove();
      resolve(answer);
    };
    const keep = h("button", { type: "button", onclick: () => close(false) }, "Keep everything");
    const dialog = h("dialog", { "aria-labelledby": "losstitle", oncancel: () => close(false) },
      h("h2", { id: "losstitle" }, `Forget ${subject.key ? "the key" : "the signer"} `, h("q", {}, safeText(text)), "?"),
      h("p", {}, "This erases for good, from this node:"), h("ul", { class: "loss" }, losses.map((loss) => h("li", {}, loss))),
      isBlock && h("p", {}, "From then on the node refuses its values."),
      h("p", {}, "Other nodes keep theirs. Only a backup can bring it back."),
      h("p", { class: "buttons" }, keep, h("button", { type: "button", class: "danger", onclick: () => close(true) }, "Erase for good")));
    document.body.append(dialog);
    dialog.showModal();
    keep.focus();
  });
}

function backUp() {
  const folder = h("input", { required: true, pattern: "/.*", placeholder: "/srv/backups/monday", autocomplete: "off", spellcheck: "false" });
  return form("Back up", "backup", [field("New folder", folder, "An absolute path on the node's machine; the folder must not exist yet.")], "Back up", async (say) => {
    for await (const line of lines("/backups", { method: "POST", body: { folder: folder.value } })) {
      if (line.progress) say(`Copied ${bytes(line.progress.done)} so far…`);
      if (line.problem) throw new Error(line.problem.detail);
      if (line.result) return facts([["Backup written to", safeText(folder.value)], ["Size", bytes(line.result.bytes)], ["Values", line.result.values === undefined ? null : number(line.result.values)]]);
    }
    throw new Error("The connection broke; the node goes on with the backup, see the events.");
  });
}

async function tasks(signal) {
  const names = (await get("/tasks", {}, signal)).map((task) => task.name);
  const task = h("select", {}, names.map((name) => h("option", {}, name)));
  return form("Run a task now", "task", [field("Task", task)], "Run", async () => {
    await post(`/tasks/${part(task.value)}/run`);
    return [`The task ${task.value} was told to run. `, h("a", { href: "#/explore/list/tasks" }, "See the tasks")];
  });
}
