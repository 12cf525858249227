/** Numbers and times as people read them. */
import { currentLanguage, t } from "./i18n.js";

const locale = () => (currentLanguage() === "zh" ? "zh-CN" : "en-GB");

/**
 * Format 754,000 ms as 12:34, and from an hour on as 1:12:34.
 * @param {number} ms
 * @param {number} [decimals] digits after the second
 */
export function formatClock(ms, decimals = 0) {
  const total = Math.floor(ms / 1000);
  const [hours, minutes, seconds] = [Math.floor(total / 3600), Math.floor(total / 60) % 60, total % 60];
  /** @param {number} number */
  const pad = (number) => String(number).padStart(2, "0");
  const fraction = decimals ? (ms % 1000 / 1000).toFixed(3).slice(1, 2 + decimals) : "";
  return hours ? `${hours}:${pad(minutes)}:${pad(seconds)}${fraction}` : `${minutes}:${pad(seconds)}${fraction}`;
}

/** Formats by locale and options: to make one takes longer than to format a hundred numbers. @type {Map<string, Intl.NumberFormat>} */
const formats = new Map();

/** @param {Intl.NumberFormatOptions} [options] */
function numberFormat(options = {}) {
  const key = locale() + JSON.stringify(options);
  const format = formats.get(key) ?? new Intl.NumberFormat(locale(), options);
  formats.set(key, format);
  return format;
}

/**
 * Format 1,810 ms as 1.8 s.
 * @param {number} ms
 */
export const formatSeconds = (ms) =>
  t("wait.s", { n: numberFormat({ minimumFractionDigits: 1, maximumFractionDigits: 1 }).format(ms / 1000) });

/** @param {number} share from 0 to 1 */
export const formatPercent = (share) => numberFormat({ style: "percent" }).format(share);
/** @param {number} value */
export const formatNumber = (value) => numberFormat().format(value);
/** @param {number} bytes */
export const formatMegabytes = (bytes) => `${(bytes / 1e6).toFixed(bytes < 1e7 ? 1 : 0)} MB`;

/**
 * Format a rough time to wait.
 * @param {number} seconds
 */
export const formatWait = (seconds) => (seconds < 90 ? t("wait.s", { n: seconds }) : t("wait.min", { n: Math.round(seconds / 60) }));

/**
 * Format a time of day, with the date unless it is today.
 * @param {string} timestamp as in the API's documents
 */
export function formatDate(timestamp) {
  const date = new Date(timestamp);
  const isToday = new Date().toDateString() === date.toDateString();
  return new Intl.DateTimeFormat(locale(), isToday ? { timeStyle: "short" } : { dateStyle: "medium", timeStyle: "short" }).format(date);
}
