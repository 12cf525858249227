/** The options of an upload, folded away: an option that keeps its default is not sent. Those of a call are remembered. */
import { createSelect, h } from "../dom.js";
import { emotionName, t } from "../i18n.js";
import { EMOTIONS } from "../palette.js";

/** The values of each choice, the default among them. */
const CHOICES = {
  channels: ["auto", "mix", "split"],
  track: ["default", "each", "0", "1", "2", "3", "4", "5"],
  analyse: ["all", "0", "1"],
  speakers: ["", "off", "auto", "2", "3", "4", "5", "6"],
  vad: ["webrtc", "silero"],
  raw_codec: ["", "alaw", "mulaw", "s16le", "gsm", "g722", "g729"],
  granularity: ["segment", "frame"],
  embeddings: ["", "utterance", "frame"],
  priority: ["low", "normal", "high"],
  retention: ["", "audio-0", "audio-604800", "audio-2592000", "results-2592000", "results-7776000"],
};
const DEFAULTS = { channels: "auto", track: "default", analyse: "all", speakers: "", vad: "webrtc", raw_codec: "", granularity: "segment", embeddings: "", priority: "normal", retention: "" };
const NUMBERS = {
  max_ms: { min: 3, max: 25, step: 0.5, value: 25 },
  min_silence_ms: { min: 100, max: 800, step: 10, value: 200 },
  gap_ms: { min: 0, max: 60_000, step: 100, value: 2000 },
  min_confidence: { min: 0, max: 1, step: 0.05, value: 0 },
  alert_s: { min: 1, max: 86_400, step: 1, value: 20 },
  raw_rate: { min: 1000, max: 192_000, step: 1, value: 8000 },
};
/** The options that are remembered for the next recordings. */
const REMEMBERED = /** @type {const} */ (["channels", "role0", "role1", "analyse", "retention", "alert", "alert_channel", "alert_s"]);
const STORAGE_KEY = "emoline.options";
/** The codecs of headerless sound that have any sample rate. */
const OF_ANY_RATE = ["alaw", "mulaw", "s16le"];

/** @typedef {ReturnType<typeof createFields>} Fields */

/**
 * Create the form.
 * @returns {{element: HTMLElement, readConfig: () => object}} the form, and the `config` of the API that it stands for
 */
export function createOptionsForm() {
  const fields = createFields();
  recall(fields);
  const rows = Object.entries(fields).map(([name, field]) => {
    const about = name.startsWith("role") ? "options.roles.about" : `options.${name}.about`;
    field.id = `option-${name}`;
    field.setAttribute("aria-describedby", `about-${name}`);
    return h("div.field", {},
      h("label", { htmlFor: field.id }, t(`options.${name}`)),
      field,
      h("p.about", { id: `about-${name}` }, t(about)));
  });
  const element = h("details.options", {}, h("summary", {}, t("options")), h("div.fields", {}, ...rows));
  element.addEventListener("change", () => remember(fields));
  return { element, readConfig: () => readConfig(fields) };
}

/** @param {Fields} fields */
function remember(fields) {
  localStorage.setItem(STORAGE_KEY, JSON.stringify(Object.fromEntries(REMEMBERED.map((name) => [name, fields[name].value]))));
}

/** @param {Fields} fields */
function recall(fields) {
  try {
    const remembered = JSON.parse(localStorage.getItem(STORAGE_KEY) ?? "{}");
    for (const name of REMEMBERED) if (typeof remembered[name] === "string") fields[name].value = remembered[name];
  } catch {
    // Another version's, or nobody's.
  }
}

/** Create the choice of how long a call is kept. @param {Record<string, unknown>} attributes */
export const createRetentionSelect = (attributes) =>
  createSelect(attributes, CHOICES.retention.map((value) => [value, t(`options.retention.${value}`)]), DEFAULTS.retention);

/** The `retention` of the API that a choice stands for. @param {string} choice */
export function readRetention(choice) {
  const [kept, seconds] = choice.split("-");
  return kept ? { [`${kept}_s`]: Number(seconds) } : {};
}

/** The fields, in the order in which they are shown. */
function createFields() {
  /** @param {keyof typeof CHOICES} name */
  const select = (name) => createSelect({}, CHOICES[name].map((value) => [value, t(`options.${name}.${value}`)]), DEFAULTS[name]);
  /** @param {keyof typeof NUMBERS} name */
  const number = (name) => h("input", { type: "number", ...NUMBERS[name] });
  const text = (maxLength = 64) => h("input", { type: "text", maxLength, autocomplete: "off" });
  return {
    channels: select("channels"), role0: text(), role1: text(),
    alert: createSelect({}, [["", t("options.alert.")], ...EMOTIONS.map((name) => [name, emotionName(name)])], ""),
    alert_channel: createSelect({}, ["", "0", "1"].map((value) => [value, t(`options.alert_channel.${value}`)]), ""),
    alert_s: number("alert_s"), retention: createRetentionSelect({}), track: select("track"), analyse: select("analyse"), speakers: select("speakers"),
    max_ms: number("max_ms"), min_silence_ms: number("min_silence_ms"), vad: select("vad"),
    gap_ms: number("gap_ms"), min_confidence: number("min_confidence"),
    emotions: text(400),
    granularity: select("granularity"), embeddings: select("embeddings"), priority: select("priority"),
    raw_codec: select("raw_codec"), raw_rate: number("raw_rate"),
    purpose: text(500), legal_basis: text(500),
  };
}

/** @param {Fields} fields */
function readConfig(fields) {
  /** @type {Record<string, unknown>} */
  const config = {};
  for (const name of /** @type {const} */ (["channels", "granularity", "embeddings", "priority"])) {
    if (fields[name].value !== DEFAULTS[name]) config[name] = fields[name].value;
  }
  const track = fields.track.value;
  if (track !== DEFAULTS.track) config.track = track === "each" ? track : Number(track);
  const roles = [fields.role0.value.trim(), fields.role1.value.trim()];
  if (roles[0] || roles[1]) config.roles = roles[1] ? roles : [roles[0]];
  if (fields.analyse.value !== "all") config.analyse = [Number(fields.analyse.value)];
  const { alert, alert_channel, alert_s, retention } = fields;
  if (alert.value) {
    const channel = alert_channel.value ? { channel: Number(alert_channel.value) } : {};
    config.alerts = [{ name: emotionName(alert.value), emotions: [alert.value], at_least_ms: (alert_s.valueAsNumber || 20) * 1000, ...channel }];
  }
  if (retention.value) config.retention = readRetention(retention.value);
  for (const name of /** @type {const} */ (["purpose", "legal_basis"])) {
    const statement = fields[name].value.trim();
    if (statement) config[name] = statement;
  }
  const emotions = fields.emotions.value.split(/[,，、]/).map((name) => name.trim().toLowerCase()).filter(Boolean);
  if (emotions.length) config.emotions = emotions;
  const speakers = fields.speakers.value;
  if (speakers) config.speakers = Number(speakers) || speakers;
  /** @type {Record<string, unknown>} */
  const segmentation = { ...readChanged(fields, "max_ms", 1000), ...readChanged(fields, "min_silence_ms") };
  if (fields.vad.value !== DEFAULTS.vad) segmentation.vad = fields.vad.value;
  const aggregation = { ...readChanged(fields, "gap_ms"), ...readChanged(fields, "min_confidence") };
  if (Object.keys(segmentation).length) config.segmentation = segmentation;
  if (Object.keys(aggregation).length) config.aggregation = aggregation;
  const codec = fields.raw_codec.value;
  if (codec) config.raw = OF_ANY_RATE.includes(codec) ? { codec, sample_rate: fields.raw_rate.valueAsNumber || 8000 } : { codec };
  return config;
}

/**
 * The option with its number, or nothing where it has its default.
 * @param {Fields} fields
 * @param {keyof typeof NUMBERS} name
 * @param {number} [factor] from the field's unit to the API's
 */
function readChanged(fields, name, factor = 1) {
  const value = fields[name].valueAsNumber;
  return Number.isNaN(value) || value === NUMBERS[name].value ? {} : { [name]: Math.round(value * factor * 100) / 100 };
}
