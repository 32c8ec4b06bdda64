// Requests to the node.

import { savedKey, forgetKey, askForKey } from "./key.js";

/** What the node answers instead of a result: a sentence for people, a code for programs. */
export class Problem extends Error {
  constructor(problem, status) {
    super(problem?.detail ?? `The node answered with status ${status}.`);
    this.code = problem?.code ?? "unknown";
    this.status = status;
  }
}

/** The node did not answer at all. */
export class Unreachable extends Error {
  constructor() {
    super("The node does not answer. It has stopped, or this machine cannot reach it.");
  }
}

/** Tells whether the node answers: `detail` of the event is true or false. */
export const connection = new EventTarget();

const announce = (isUp) => connection.dispatchEvent(new CustomEvent("change", { detail: isUp }));

async function send(path, options) {
  try {
    const response = await fetch(path, options);
    announce(true);
    return response;
  } catch (error) {
    if (error.name === "AbortError") throw error;
    announce(false);
    throw new Unreachable();
  }
}

/** Sends a request, with the key if there is one; asks for the key if the node wants it, or wants another one. */
async function request(path, { method = "GET", body, accept, signal } = {}) {
  let key = savedKey();
  for (;;) {
    const headers = {};
    if (accept) headers.Accept = accept;
    if (key) headers["X-Api-Key"] = key;
    if (body !== undefined) headers["Content-Type"] = "application/json";
    // The browser preloads the overview without the key. It takes that answer only for requests with the same credentials,
    // so those with the key are sent with others. No option has to keep caches out: the node forbids them.
    const credentials = key ? "omit" : "same-origin";
    const response = await send(path, { method, headers, credentials, signal, body: body === undefined ? undefined : JSON.stringify(body) });
    if (response.ok) return response;
    const problem = await response.json().catch(() => null);
    if (response.status !== 401) throw new Problem(problem, response.status);
    const wasWrong = Boolean(key) && savedKey() === key;
    if (wasWrong) forgetKey();
    key = savedKey() ?? await askForKey(wasWrong);
    if (!key) throw new Problem(problem, response.status);
  }
}

function url(path, parameters = {}) {
  const known = Object.entries(parameters).filter(([, value]) => value !== undefined && value !== null && value !== "");
  const query = new URLSearchParams(known).toString();
  return `/api/v1${path}${query ? `?${query}` : ""}`;
}

/** A part of a path. A dot alone would be taken for a place in it. */
export const part = (text) => encodeURIComponent(text).replace(/^\.{1,2}$/, (dots) => dots.replaceAll(".", "%2E"));

export const get = async (path, parameters, signal) => (await request(url(path, parameters), { signal })).json();

/** All items of a listing that comes in parts. */
export async function all(path, parameters, signal) {
  const items = [];
  let cursor;
  do {
    const page = await get(path, { ...parameters, cursor, limit: 1000 }, signal);
    items.push(...page.items);
    cursor = page.next;
  } while (cursor);
  return items;
}

export const post = async (path, body) => (await request(url(path), { method: "POST", body })).json();

/** The lines of an answer, each as soon as it comes. */
export async function* lines(path, { method, body, parameters, signal } = {}) {
  const response = await request(url(path, parameters), { method, body, signal, accept: "application/jsonl" });
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  try {
    for (;;) {
      const { value, done } = await reader.read();
      if (done) return;
      const found = (rest + value).split("\n");
      rest = found.pop();
      for (const line of found) if (line) yield JSON.parse(line);
    }
  } catch (error) {
    if (error.name === "AbortError") throw error;
    announce(false);
    throw new Unreachable();
  } finally {
    reader.cancel().catch(() => {});
  }
}

/** The key of the DHT that a text stands for: 40 hexadecimal digits are the key itself, any other text is hashed. */
export async function keyOf(text) {
  if (/^[0-9a-f]{40}$/i.test(text)) return text.toLowerCase();
  if (crypto.subtle) {
    const digest = await crypto.subtle.digest("SHA-1", new TextEncoder().encode(text));
    return Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, "0")).join("");
  }
  // Browsers hash only for pages of this machine or over TLS; the node does it as well.
  return (await get(`/values/${part(text)}`)).key;
}
