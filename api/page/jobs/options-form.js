/** The options of an upload, folded away: an option that keeps its default is not sent. */
import { createSelect, h } from "../dom.js";
import { t } from "../i18n.js";

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
};
const DEFAULTS = { channels: "auto", track: "default", analyse: "all", speakers: "", vad: "webrtc", raw_codec: "", granularity: "segment", embeddings: "", priority: "normal" };
const NUMBERS = {
  max_ms: { min: 3, max: 25, step: 0.5, value: 25 },
  min_silence_ms: { min: 100, max: 800, step: 10, value: 200 },
  gap_ms: { min: 0, max: 60_000, step: 100, value: 2000 },
  min_confidence: { min: 0, max: 1, step: 0.05, value: 0 },
  raw_rate: { min: 1000, max: 192_000, step: 1, value: 8000 },
};
/** The codecs of headerless sound that have any sample rate. */
const OF_ANY_RATE = ["alaw", "mulaw", "s16le"];

/** @typedef {ReturnType<typeof createFields>} Fields */

/**
 * Create the form.
 * @returns {{element: HTMLElement, readConfig: () => object}} the form, and the `config` of the API that it stands for
 */
export function createOptionsForm() {
  const fields = createFields();
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
  return { element, readConfig: () => readConfig(fields) };
}

/** The fields, in the order in which they are shown. */
function createFields() {
  /** @param {keyof typeof CHOICES} name */
  const select = (name) => createSelect({}, CHOICES[name].map((value) => [value, t(`options.${name}.${value}`)]), DEFAULTS[name]);
  /** @param {keyof typeof NUMBERS} name */
  const number = (name) => h("input", { type: "number", ...NUMBERS[name] });
  const text = () => h("input", { type: "text", maxLength: 64, autocomplete: "off" });
  return {
    channels: select("channels"), track: select("track"), role0: text(), role1: text(), analyse: select("analyse"), speakers: select("speakers"),
    max_ms: number("max_ms"), min_silence_ms: number("min_silence_ms"), vad: select("vad"),
    gap_ms: number("gap_ms"), min_confidence: number("min_confidence"),
    granularity: select("granularity"), embeddings: select("embeddings"), priority: select("priority"),
    raw_codec: select("raw_codec"), raw_rate: number("raw_rate"),
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
