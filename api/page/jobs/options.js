/** The options of an upload, folded away: what is left as it is is not sent. */
import { choice, h } from "../element.js";
import { t } from "../words.js";

const CHOICES = {
  channels: ["auto", "mix", "split"],
  analyse: ["all", "0", "1"],
  vad: ["webrtc", "silero"],
  granularity: ["segment", "frame"],
  embeddings: ["", "utterance", "frame"],
  priority: ["low", "normal", "high"],
};
const DEFAULTS = { channels: "auto", analyse: "all", vad: "webrtc", granularity: "segment", embeddings: "", priority: "normal" };
const NUMBERS = {
  max_ms: { min: 3, max: 25, step: 0.5, value: 25 },
  min_silence_ms: { min: 100, max: 800, step: 10, value: 200 },
  gap_ms: { min: 0, max: 60_000, step: 100, value: 2000 },
  min_confidence: { min: 0, max: 1, step: 0.05, value: 0 },
};

/** @returns {{element: HTMLElement, config: () => object}} the form, and the `config` that it stands for */
export function options() {
  const fields = {
    channels: select("channels"), role0: text("role0"), role1: text("role1"), analyse: select("analyse"),
    max_ms: numeric("max_ms"), min_silence_ms: numeric("min_silence_ms"), vad: select("vad"),
    gap_ms: numeric("gap_ms"), min_confidence: numeric("min_confidence"),
    granularity: select("granularity"), embeddings: select("embeddings"), priority: select("priority"),
  };
  const rows = Object.entries(fields).map(([name, field]) => row(name, field));
  const element = h("details.options", {}, h("summary", {}, t("options")), h("div.fields", {}, ...rows));
  return { element, config: () => configOf(fields) };
}

function configOf(fields) {
  const config = {};
  for (const name of ["channels", "granularity", "embeddings", "priority"]) {
    if (fields[name].value !== DEFAULTS[name]) config[name] = fields[name].value;
  }
  const roles = [fields.role0.value.trim(), fields.role1.value.trim()];
  if (roles[0] || roles[1]) config.roles = roles[1] ? roles : [roles[0]];
  if (fields.analyse.value !== "all") config.analyse = [Number(fields.analyse.value)];
  const segmentation = { ...changed(fields, "max_ms", 1000), ...changed(fields, "min_silence_ms") };
  if (fields.vad.value !== DEFAULTS.vad) segmentation.vad = fields.vad.value;
  const aggregation = { ...changed(fields, "gap_ms"), ...changed(fields, "min_confidence") };
  if (Object.keys(segmentation).length) config.segmentation = segmentation;
  if (Object.keys(aggregation).length) config.aggregation = aggregation;
  return config;
}

function changed(fields, name, times = 1) {
  const value = fields[name].valueAsNumber;
  return Number.isNaN(value) || value === NUMBERS[name].value ? {} : { [name]: Math.round(value * times * 100) / 100 };
}

function row(name, field) {
  const about = ["role0", "role1"].includes(name) ? "options.roles.about" : `options.${name}.about`;
  field.id = `option-${name}`;
  field.setAttribute("aria-describedby", `about-${name}`);
  return h("div.field", {},
    h("label", { htmlFor: field.id }, t(`options.${name}`)),
    field,
    h("p.about", { id: `about-${name}` }, t(about)));
}

const select = (name) => choice({}, CHOICES[name].map((value) => [value, t(`options.${name}.${value}`)]), DEFAULTS[name]);
const numeric = (name) => h("input", { type: "number", ...NUMBERS[name] });
const text = () => h("input", { type: "text", maxLength: 64, autocomplete: "off" });
