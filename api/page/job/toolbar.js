/** The toolbar over the chart: playing, the views, zoom, and the merging of the timeline. */
import { h } from "../dom.js";
import { formatClock } from "../format.js";
import { t } from "../i18n.js";

/** @typedef {import("../timeline/axis.js").Axis} Axis */
/** @typedef {import("../timeline/chart.js").Chart} Chart */
/** @typedef {import("../timeline/chart.js").View} View */
/** @typedef {import("./player.js").Player} Player */

/** @type {View[]} */
const VIEWS = ["dominant", "timeline", "heat"];

/**
 * Create the toolbar.
 * @param {Axis} axis
 * @param {Player} player
 * @param {Chart} chart
 * @param {(query: URLSearchParams) => void} onMerge called to have the timeline merged with other parameters
 */
export function createToolbar(axis, player, chart, onMerge) {
  const time = h("span.now");
  const button = h("button.primary.playing", { type: "button", onclick: () => player.toggle() });
  const problem = h("p.error", { role: "alert" });
  const showPlayer = () => {
    time.textContent = `${formatClock(player.position)} / ${formatClock(axis.duration)}`;
    const action = t(player.isPlaying ? "pause" : "play");
    if (button.textContent !== action) button.textContent = action;
    if (problem.textContent !== player.problem) problem.textContent = player.problem;
  };
  for (const name of ["move", "change", "failed"]) player.addEventListener(name, showPlayer);
  showPlayer();
  /** @param {string} key @param {string} sign @param {() => void} onclick */
  const zoomButton = (key, sign, onclick) => h("button.plain", { type: "button", "aria-label": t(key), title: t(key), onclick }, sign);
  const about = h("p.about", {}, t("view.timeline.about"));
  const merging = createMergeFields(onMerge);
  const views = VIEWS.map((view) => {
    const onchange = () => {
      chart.setView(view);
      about.textContent = t(`view.${view}.about`);
      merging.hidden = view !== "timeline";
    };
    const radio = h("input", { type: "radio", name: "view", value: view, checked: view === chart.view, onchange });
    return h("label", {}, radio, t(`view.${view}`));
  });
  return h("div.toolbar", {},
    button, time,
    h("fieldset.views", {}, h("legend.visually-hidden", {}, t("view")), ...views),
    h("span.zooms", {},
      zoomButton("zoom.out", "−", () => axis.zoom(2, player.position)), zoomButton("zoom.in", "+", () => axis.zoom(0.5, player.position)),
      zoomButton("zoom.fit", "⤢", () => axis.fit())),
    about, merging, problem, h("details.keys", {}, h("summary", {}, t("keys")), h("p.about", {}, t("keys.about"))));
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
