/** The page's texts, in the language that its reader chose, or else in the browser's. */
import en from "./locales/en.js";
import zh from "./locales/zh.js";
import zhProblems from "./locales/problems/zh.js";

const STORAGE_KEY = "emoline.language";
/** @type {Record<string, Record<string, string>>} */
const TEXTS = { en, zh };

let language = localStorage.getItem(STORAGE_KEY) ?? (navigator.language.toLowerCase().startsWith("zh") ? "zh" : "en");
if (!(language in TEXTS)) language = "en";

/** The chosen language: "en" or "zh". */
export const currentLanguage = () => language;

/** @param {string} name "en" or "zh" */
export function setLanguage(name) {
  language = name;
  localStorage.setItem(STORAGE_KEY, name);
}

/**
 * Translate a key: its text, with `values` in place of `{name}`; an unknown key stays as it is.
 * @param {string} key
 * @param {Record<string, unknown>} [values]
 */
export function t(key, values = {}) {
  const text = TEXTS[language][key] ?? TEXTS.en[key] ?? key;
  return text.replace(/\{(\w+)\}/g, (_, name) => String(values[name]));
}

/**
 * The text of a code of the API, or the code itself where it is newer than this page.
 * @param {string} kind the first part of the key: "emotion", "reason", "flag", "warning"
 * @param {string} code
 */
export function translateCode(kind, code) {
  const key = `${kind}.${code}`;
  return key in en ? t(key) : code;
}

/** The sentences of the API's errors and of failed jobs, by code; English ones come with the error. @type {Record<string, Record<string, string>>} */
const PROBLEMS = { zh: zhProblems };

/**
 * The sentence of an error in the chosen language: that of its code, or else the service's own, which has more details.
 * @param {string} code
 * @param {string | undefined} detail
 */
export const translateProblem = (code, detail) => PROBLEMS[language]?.[code]?.replace("{detail}", detail ?? "") ?? detail;

/**
 * A model's notice: in English as it is, else the text of the model, where this page has one.
 * @param {string} modelId
 * @param {string} notice
 */
export const translateNotice = (modelId, notice) => TEXTS[language][`notice.${modelId.split("/").at(-1)}`] || notice;

/** @param {string} emotion */
export const emotionName = (emotion) => translateCode("emotion", emotion);

/**
 * The name of a channel: its role where it has one.
 * @param {{channel: number, role: string | null}} channel
 */
export const channelName = ({ channel, role }) => role ?? t(`channel.${channel}`);
