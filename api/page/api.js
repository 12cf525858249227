/** The REST API: its documents, and requests with the API key where the service asks for one. */
import { h } from "./dom.js";
import { t, translateProblem } from "./i18n.js";

/** @typedef {import("openapi").components["schemas"]} Schemas */
/** @typedef {Schemas["JobDocument"]} Job */
/** @typedef {Schemas["ResultDocument"]} Result */
/** @typedef {Schemas["SegmentDocument"]} Segment */
/** @typedef {Schemas["TimelineEntryDocument"]} TimelineEntry */
/** @typedef {{method?: string, json?: unknown, headers?: Record<string, string>, signal?: AbortSignal}} RequestOptions */

const STORAGE_KEY = "emoline.key";
const RETRY_MS = 2000;

/** Sends `unauthorized` when a request lacked a valid API key, and `offline` and `online` as the service goes and comes. */
export const connection = new EventTarget();

/** An error response; its message is the sentence of its code in the chosen language, or else the service's own. */
export class ApiError extends Error {
  /**
   * @param {number} status
   * @param {Partial<Schemas["Problem"]>} problem
   */
  constructor(status, { code = "", detail }) {
    super(translateProblem(code, detail) || t("error.status", { status }));
    this.status = status;
    this.code = code;
  }
}

/** @param {unknown} error */
export const messageOf = (error) => (error instanceof Error ? error.message : String(error));
/** @param {unknown} error */
export const isAborted = (error) => error instanceof DOMException && error.name === "AbortError";

export const getApiKey = () => sessionStorage.getItem(STORAGE_KEY);
/** @param {string} key */
export const storeApiKey = (key) => sessionStorage.setItem(STORAGE_KEY, key);
export const forgetApiKey = () => sessionStorage.removeItem(STORAGE_KEY);

/**
 * The header that carries the API key, if there is one.
 * @returns {Record<string, string>}
 */
export const authorization = () => (getApiKey() ? { Authorization: `Bearer ${getApiKey()}` } : {});

/**
 * Send a request. Throws ApiError for an error response, an Error when the service cannot be reached, and the AbortError
 * of `signal`.
 * @param {string} path
 * @param {RequestOptions} [options]
 */
export async function request(path, { method = "GET", json, headers = {}, signal } = {}) {
  const body = json === undefined ? undefined : JSON.stringify(json);
  /** @type {Record<string, string>} */
  const type = body ? { "Content-Type": "application/json" } : {};
  let response;
  try {
    response = await fetch(path, { method, body, headers: { ...type, ...authorization(), ...headers }, signal });
  } catch (error) {
    if (isAborted(error)) throw error;
    waitForService();
    throw new Error(t("error.away"));
  }
  if (!response.ok) throw toApiError(response.status, await response.text());
  return response;
}

/**
 * @param {string} path
 * @param {AbortSignal} [signal]
 * @returns {Promise<any>}
 */
const getJson = async (path, signal) => (await request(path, { signal })).json();

/** @type {(query: URLSearchParams, signal?: AbortSignal) => Promise<Schemas["JobPageDocument"]>} */
export const getJobs = (query, signal) => getJson(`/v1/jobs?${query}`, signal);
/** @type {(jobId: string, signal?: AbortSignal) => Promise<Job>} */
export const getJob = (jobId, signal) => getJson(`/v1/jobs/${jobId}`, signal);
/** @type {(jobId: string, signal?: AbortSignal) => Promise<Result>} */
export const getResult = (jobId, signal) => getJson(`/v1/jobs/${jobId}/result`, signal);
/** The result with an empty list of segments, a fraction of the whole. @type {(jobId: string, signal?: AbortSignal) => Promise<Result>} */
export const getOutline = (jobId, signal) => getJson(`/v1/jobs/${jobId}/result?segments=false`, signal);
/** @type {(jobId: string, query: URLSearchParams, signal?: AbortSignal) => Promise<Schemas["SegmentPageDocument"]>} */
export const getSegments = (jobId, query, signal) => getJson(`/v1/jobs/${jobId}/segments?${query}`, signal);
/** @type {(jobId: string, signal?: AbortSignal) => Promise<Schemas["AudioLinkDocument"]>} */
export const getAudioLink = (jobId, signal) => getJson(`/v1/jobs/${jobId}/audio/link`, signal);
/** @type {(jobId: string, signal?: AbortSignal) => Promise<Schemas["SharePageDocument"]>} */
export const getShares = (jobId, signal) => getJson(`/v1/jobs/${jobId}/shares`, signal);
/** @type {(query: URLSearchParams, signal?: AbortSignal) => Promise<Schemas["InsightsDocument"]>} */
export const getInsights = (query, signal) => getJson(`/v1/insights?${query}`, signal);
/** @type {(jobId: string, query: URLSearchParams, signal?: AbortSignal) => Promise<Schemas["TimelineDocument"]>} */
export const getTimeline = (jobId, query, signal) => getJson(`/v1/jobs/${jobId}/timeline?${query}`, signal);
/** @type {(jobId: string, columns: number, signal?: AbortSignal) => Promise<Schemas["LanesDocument"]>} */
export const getLanes = (jobId, columns, signal) => getJson(`/v1/jobs/${jobId}/lanes?columns=${columns}`, signal);
/** @type {(jobId: string, query: URLSearchParams, signal?: AbortSignal) => Promise<Schemas["FramesDocument"]>} */
export const getFrames = (jobId, query, signal) => getJson(`/v1/jobs/${jobId}/frames?${query}`, signal);
/** @type {(jobId: string, query: URLSearchParams, signal?: AbortSignal) => Promise<Schemas["WaveformDocument"]>} */
export const getWaveform = (jobId, query, signal) => getJson(`/v1/jobs/${jobId}/waveform?${query}`, signal);

/**
 * The error that a response with this status and body stands for; sends `unauthorized` and `offline` where it says so.
 * @param {number} status
 * @param {string} body
 */
export function toApiError(status, body) {
  let problem = {};
  try {
    problem = JSON.parse(body);
  } catch {
    // A proxy's own page.
  }
  if (status === 401) connection.dispatchEvent(new Event("unauthorized"));
  if ([502, 503, 504].includes(status)) waitForService();
  return new ApiError(status, problem);
}

let isWaiting = false;

/** Send `offline`, and `online` once the service answers again. */
export function waitForService() {
  if (isWaiting) return;
  isWaiting = true;
  connection.dispatchEvent(new Event("offline"));
  const poll = async () => {
    const response = await fetch("/v1/jobs?limit=1", { headers: authorization() }).catch(() => null);
    if (response && response.status < 500) {
      isWaiting = false;
      connection.dispatchEvent(new Event("online"));
    } else {
      setTimeout(poll, RETRY_MS);
    }
  };
  setTimeout(poll, RETRY_MS);
}

/**
 * Fetch a file with the API key, and have the browser save it.
 * @param {string} path
 * @param {string} fallbackName for a response without a name
 */
export async function download(path, fallbackName) {
  const response = await request(path);
  save(await response.blob(), filenameOf(response) ?? fallbackName);
}

/**
 * Have the browser save a file.
 * @param {Blob} blob
 * @param {string} filename
 */
export function save(blob, filename) {
  const url = URL.createObjectURL(blob);
  h("a", { href: url, download: filename }).click();
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}

/**
 * The name that a response gives its file: in full, else in ASCII (RFC 6266).
 * @param {Response} response
 */
function filenameOf(response) {
  const disposition = response.headers.get("Content-Disposition") ?? "";
  const full = /filename\*=UTF-8''([^;]+)/i.exec(disposition);
  return full ? decodeURIComponent(full[1]) : /filename="?([^";]+)"?/.exec(disposition)?.[1];
}
