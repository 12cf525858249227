/** The REST API, with the key where the service asks for one. */
import { t } from "./words.js";

const KEPT = "emoline.key";

/** Says `needs-key` where a request was refused for want of a key, and `away` and `back` of the service. */
export const service = new EventTarget();

/** An answer that is an error: `message` is the service's own sentence. */
export class Problem extends Error {
  constructor(status, { code = "", detail = "" } = {}) {
    super(detail || t("error.status", { status }));
    this.status = status;
    this.code = code;
  }
}

/** The service does not answer. It is asked again until it does, and then says `back`. */
export class Away extends Error {
  constructor() {
    super(t("error.away"));
  }
}

export const apiKey = () => sessionStorage.getItem(KEPT);

export function rememberKey(key) {
  sessionStorage.setItem(KEPT, key);
}

export function forgetKey() {
  sessionStorage.removeItem(KEPT);
}

export const credentials = () => (apiKey() ? { Authorization: `Bearer ${apiKey()}` } : {});

/**
 * The answer of a path under /v1, if it is no error. Raises Problem or Away.
 * @param {string} path
 * @param {{method?: string, json?: any, headers?: Record<string, string>, signal?: AbortSignal}} [options]
 */
export async function ask(path, { method = "GET", json, headers = {}, signal } = {}) {
  const body = json === undefined ? undefined : JSON.stringify(json);
  const type = body ? { "Content-Type": "application/json" } : {};
  let answer;
  try {
    answer = await fetch(path, { method, body, headers: { ...type, ...credentials(), ...headers }, signal });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw gone();
  }
  if (!answer.ok) throw refused(answer.status, await answer.text());
  return answer;
}

export const get = async (path, signal) => (await ask(path, { signal })).json();

/** What an answer with this status and body means; tells who listens where a key is missing. */
export function refused(status, body) {
  let said = {};
  try {
    said = JSON.parse(body);
  } catch {
    // A proxy's own page.
  }
  if (status === 401) service.dispatchEvent(new Event("needs-key"));
  if ([502, 503, 504].includes(status)) gone();
  return new Problem(status, said);
}

let waiting = false;

export function gone() {
  if (!waiting) {
    waiting = true;
    service.dispatchEvent(new Event("away"));
    setTimeout(lookAgain, 2000);
  }
  return new Away();
}

async function lookAgain() {
  const answers = await fetch("/v1/jobs?limit=1", { headers: credentials() }).then((it) => it.status < 500, () => false);
  if (!answers) {
    setTimeout(lookAgain, 2000);
    return;
  }
  waiting = false;
  service.dispatchEvent(new Event("back"));
}

/** Fetches what `path` gives, with the key, and has the browser save it. */
export async function save(path, fallbackName) {
  const answer = await ask(path);
  const named = /filename="?([^";]+)"?/.exec(answer.headers.get("Content-Disposition") ?? "");
  const url = URL.createObjectURL(await answer.blob());
  const link = document.createElement("a");
  link.href = url;
  link.download = named?.[1] ?? fallbackName;
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}
