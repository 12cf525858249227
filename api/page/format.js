/** Numbers and times as people read them. */
import { chosenLanguage, t } from "./words.js";

const locale = () => (chosenLanguage() === "zh" ? "zh-CN" : "en-GB");

/** 754000 ms as 12:34, and from an hour on as 1:12:34; with `decimals` also tenths or less of seconds. */
export function clock(ms, decimals = 0) {
  const whole = Math.floor(ms / 1000);
  const [hours, minutes, seconds] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  const two = (number) => String(number).padStart(2, "0");
  const rest = decimals ? (ms % 1000 / 1000).toFixed(3).slice(1, 2 + decimals) : "";
  return hours ? `${hours}:${two(minutes)}:${two(seconds)}${rest}` : `${minutes}:${two(seconds)}${rest}`;
}

export const percent = (share) => new Intl.NumberFormat(locale(), { style: "percent" }).format(share);
export const number = (value) => new Intl.NumberFormat(locale()).format(value);
export const megabytes = (bytes) => `${(bytes / 1e6).toFixed(bytes < 1e7 ? 1 : 0)} MB`;

/** Seconds as a rough time to wait. */
export const wait = (seconds) => (seconds < 90 ? t("wait.s", { n: seconds }) : t("wait.min", { n: Math.round(seconds / 60) }));

export function when(time) {
  const date = new Date(time);
  const today = new Date().toDateString() === date.toDateString();
  const style = today ? { timeStyle: "short" } : { dateStyle: "medium", timeStyle: "short" };
  return new Intl.DateTimeFormat(locale(), style).format(date);
}
