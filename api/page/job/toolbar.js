/** The toolbar over the chart: playing, its speed and volume, the views, zoom, and the merging of the timeline. */
import { createSelect, h } from "../dom.js";
import { formatClock } from "../format.js";
import { channelName, t } from "../i18n.js";
import { measureName } from "../timeline/chart.js";
import { DERIVED } from "../timeline/curve.js";
import { RATES } from "./player.js";

/** @typedef {import("../timeline/axis.js").Axis} Axis */
/** @typedef {import("../timeline/chart.js").Chart} Chart */
/** @typedef {import("../timeline/chart.js").View} View */
/** @typedef {import("./player.js").Player} Player */

/** @type {View[]} */
const VIEWS = ["timeline", "heat", "dominant"];

/**
 * Create the toolbar.
 * @param {Axis} axis
 * @param {Player} player
 * @param {Chart} chart
 * @param {(query: URLSearchParams) => void} onMerge called to have the timeline merged with other parameters
 * @param {() => void} onShare called to hand on the moment
 */
export function createToolbar(axis, player, chart, onMerge, onShare) {
  /** @param {string} key @param {string} sign @param {() => void} onclick */
  const zoomButton = (key, sign, onclick) => h("button.plain", { type: "button", "aria-label": t(key), title: t(key), onclick }, sign);
  const about = h("p.about", {}, t("view.timeline.about"));
  const merging = createMergeFields(onMerge);
  const measures = [...DERIVED, ...chart.labels].map((measure) => [measure, measureName(measure)]);
  const measure = createSelect({ onchange: () => chart.setMeasure(measure.value) }, measures, chart.measure);
  const measureLabel = h("label.filter", {}, t("curve"), measure);
  const views = VIEWS.map((view) => {
    const onchange = () => {
      chart.setView(view);
      about.textContent = t(`view.${view}.about`);
      merging.hidden = measureLabel.hidden = view !== "timeline";
    };
    const radio = h("input", { type: "radio", name: "view", value: view, checked: view === chart.view, onchange });
    return h("label", {}, radio, t(`view.${view}`));
  });
  return h("div.toolbar", {},
    ...createPlayback(axis, player),
    h("button", { type: "button", onclick: onShare }, t("share.open")),
    h("div.looks", {},
      h("fieldset.views", {}, h("legend.visually-hidden", {}, t("view")), ...views), measureLabel,
      h("span.zooms", {},
        zoomButton("zoom.out", "−", () => axis.zoom(2, player.position)), zoomButton("zoom.in", "+", () => axis.zoom(0.5, player.position)),
        zoomButton("zoom.fit", "⤢", () => axis.fit()))),
    about,
    h("details.keys", {}, h("summary", {}, t("keys")), h("p.about", {}, t("keys.about"))),
    h("details.keys", {}, h("summary", {}, t("merge")), merging));
}

/**
 * Create the button that plays, the time, the speed, the volume and a button for each channel that mutes it.
 * @param {Axis} axis
 * @param {Player} player
 */
function createPlayback(axis, player) {
  const time = h("span.now");
  const button = h("button.primary.playing", { type: "button", onclick: () => player.toggle() });
  const problem = h("p.error", { role: "alert" });
  const hint = h("p.about", { hidden: true });
  const rates = RATES.map((rate) => [String(rate), `${rate}×`]);
  const rate = createSelect({ "aria-label": t("play.rate"), onchange: () => player.setRate(Number(rate.value)) }, rates, "1");
  const volume = h("input", { type: "range", min: 0, max: 1, step: 0.05, value: player.volume, "aria-label": t("play.volume"),
    title: t("play.volume"), oninput: () => player.setVolume(Number(volume.value)) });
  const channels = player.channels.length > 1 && player.channels.length < 5 ? player.channels : [];
  const mutes = channels.map((channel) => {
    const segment = player.segments.find((candidate) => candidate.channel === channel);
    const name = segment ? channelName(segment) : String(channel);
    return h("button.mute", { type: "button", onclick: () => player.toggleMute(channel) }, name);
  });
  const show = () => {
    time.textContent = `${formatClock(player.position)} / ${formatClock(axis.duration)}`;
    const action = t(player.isPlaying ? "pause" : "play");
    if (button.textContent !== action) button.textContent = action;
    if (problem.textContent !== player.problem) problem.textContent = player.problem;
    hint.hidden = !player.playsSegments;
    hint.textContent = t(player.awaitsCopy ? "play.copying" : "play.segments");
  };
  const showSettings = () => {
    rate.value = String(player.rate);
    volume.value = String(player.volume);
    channels.forEach((channel, i) => mutes[i].setAttribute("aria-pressed", String(!player.muted.has(channel))));
  };
  for (const name of ["move", "change", "failed"]) player.addEventListener(name, show);
  player.addEventListener("change", showSettings);
  show();
  showSettings();
  const heard = mutes.length ? h("span.mutes", { role: "group", "aria-label": t("play.heard") }, ...mutes) : null;
  return [button, time, rate, volume, ...(heard ? [heard] : []), hint, problem];
}

/**
 * Create the fields for the merge gap and the least confidence of the timeline.
 * @param {(query: URLSearchParams) => void} onMerge
 */
function createMergeFields(onMerge) {
  const onchange = () => {
    const query = new URLSearchParams();
    if (gap.value !== "") query.set("gap_ms", gap.value);
    if (confidence.value !== "") query.set("min_confidence", confidence.value);
    onMerge(query);
  };
  const gap = h("input", { id: "gap", type: "number", min: 0, max: 60_000, step: 100, placeholder: "2000", onchange });
  const confidence = h("input", { id: "least", type: "number", min: 0, max: 1, step: 0.05, placeholder: "0", onchange });
  return h("span.merging", {},
    h("label.filter", { htmlFor: gap.id }, t("merge.gap"), gap),
    h("label.filter", { htmlFor: confidence.id }, t("merge.least"), confidence));
}
