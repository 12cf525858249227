/** What the page says, in the language that its reader chose, or their browser. */
import en from "./words/en.js";
import zh from "./words/zh.js";

const LANGUAGES = { en, zh };
const KEPT = "emoline.language";

let language = localStorage.getItem(KEPT) ?? (navigator.language.toLowerCase().startsWith("zh") ? "zh" : "en");
if (!(language in LANGUAGES)) language = "en";

export const chosenLanguage = () => language;

export function chooseLanguage(name) {
  language = name;
  localStorage.setItem(KEPT, name);
}

/** The words of `key`, with what `values` has in the place of `{name}`; of an unknown key the key. */
export function t(key, values = {}) {
  const words = LANGUAGES[language][key] ?? en[key] ?? key;
  return words.replace(/\{(\w+)\}/g, (_, name) => values[name]);
}

/** The words of one of a kind of codes, or the code where it is newer than this page. */
export function named(kind, code) {
  const key = `${kind}.${code}`;
  return key in en ? t(key) : code;
}

export const emotionName = (emotion) => named("emotion", emotion);

/** What a channel is called: its role where it has one. */
export const channelName = ({ channel, role }) => role ?? t(`channel.${channel}`);
