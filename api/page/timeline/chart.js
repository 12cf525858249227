/** The chart: a ruler, and for each channel its curve, lane and heat map, drawn on one canvas. */
import { context2d, h } from "../dom.js";
import { formatClock, formatPercent } from "../format.js";
import { channelName, emotionName, t } from "../i18n.js";
import { findAt } from "./axis.js";
import { CoarseItems } from "./coarse.js";
import { DERIVED, drawCurve, valueAt } from "./curve.js";
import { addGestures } from "./gestures.js";
import { FrameScores, curveScores, drawHeatmap } from "./heatmap.js";
import { BAND_HEIGHT, Lane } from "./lane.js";
import { Minimap, resizeCanvas } from "./minimap.js";
import { drawRuler } from "./ruler.js";
import { readTheme } from "./theme.js";
import { Waveform } from "./waveform.js";

/** @typedef {import("./axis.js").Axis} Axis */
/** @typedef {import("../job/player.js").Player} Player */
/** @typedef {import("../api.js").Result} Result */
/** @typedef {import("../api.js").Segment} Segment */
/** @typedef {import("../api.js").TimelineEntry} TimelineEntry */
/** @typedef {Segment | TimelineEntry} Item */
/** @typedef {keyof typeof HEIGHTS} View */
/** @typedef {import("./heatmap.js").Scores} Scores */
/** @typedef {import("./curve.js").ChannelCurve} ChannelCurve */
/**
 * @typedef {{channel: number, name: string, segments: Segment[], entries: TimelineEntry[], changes: number[], lane: Lane, coarse: CoarseItems,
 *   curve: ChannelCurve | undefined, scores: Scores}} Channel
 */

const RULER_HEIGHT = 24;
const GAP = 10;
/** Pixels of the curve, of the lane, and of each row of the heat map. */
const HEIGHTS = {
  timeline: { curve: 84, lane: 72, row: 0 }, heat: { curve: 0, lane: 56, row: 18 }, dominant: { curve: 0, lane: 96, row: 0 },
};

export class Chart {
  /**
   * @param {string} jobId
   * @param {Result} result
   * @param {string[]} labels the emotions that have scores
   * @param {Axis} axis
   * @param {Player} player
   * @param {AbortSignal} signal
   */
  constructor(jobId, result, labels, axis, player, signal) {
    this.labels = labels;
    this.axis = axis;
    this.player = player;
    this.curve = result.curve;
    this.dominant = result.dominant?.emotion;
    this.channels = createChannels(result);
    /** @type {View} */
    this.view = "timeline";
    /** The measure that the curve shows. */
    this.measure = "valence";
    this.theme = readTheme();
    this.height = 0;
    this.isDrawPending = false;
    this.scratch = document.createElement("canvas");
    this.canvas = h("canvas.chart", { tabIndex: 0, role: "slider", "aria-label": t("chart"), "aria-valuemin": 0,
      "aria-valuemax": Math.round(axis.duration / 1000) });
    this.cursor = h("div.cursor", { hidden: true });
    this.readout = h("div.readout", { "aria-hidden": "true", hidden: true });
    this.minimap = new Minimap(axis);
    this.element = h("div.plot", {}, this.minimap.element, h("div.frame", {}, this.canvas, this.cursor, this.readout));
    this.waveform = new Waveform(jobId, () => this.requestDraw(), signal);
    this.frameScores = new FrameScores(jobId, () => this.requestDraw(), signal);
    this.addListeners(signal);
  }

  /** @param {AbortSignal} signal */
  addListeners(signal) {
    const { axis, canvas, player } = this;
    addGestures(axis, canvas, (ms) => player.playAt(Math.max(ms, 0)), (event) => this.showReadout(event));
    canvas.addEventListener("pointerleave", () => (this.readout.hidden = true));
    axis.addEventListener("change", () => this.requestDraw());
    player.addEventListener("move", () => this.moveCursor());
    const layout = () => this.layout();
    const resizes = new ResizeObserver(layout);
    resizes.observe(this.element);
    signal.addEventListener("abort", () => resizes.disconnect());
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", layout, { signal });
    addEventListener("themechange", layout, { signal });
  }

  /**
   * The items of a channel's lane: merged entries, or each segment.
   * @param {Channel} channel
   * @returns {Item[]}
   */
  itemsOf({ entries, segments }) {
    return this.view === "timeline" ? entries : segments;
  }

  /** @param {View} view */
  setView(view) {
    this.view = view;
    this.layout();
  }

  /** @param {string} measure of the curve */
  setMeasure(measure) {
    this.measure = measure;
    this.requestDraw();
  }

  /** Show a result anew, as after a correction. @param {Result} result */
  setResult(result) {
    this.curve = result.curve;
    this.dominant = result.dominant?.emotion;
    this.channels = createChannels(result);
    this.layout();
  }

  /** Show entries of the timeline instead of those that are shown. @param {TimelineEntry[]} timeline */
  setTimeline(timeline) {
    for (const channel of this.channels) channel.entries = timeline.filter((entry) => entry.channel === channel.channel);
    this.layout();
  }

  /** The pixels from a channel's top to the next one's. */
  get channelHeight() {
    const { curve, lane, row } = HEIGHTS[this.view];
    return curve + lane + row * this.labels.length + GAP;
  }

  /** Size everything anew, and draw. */
  layout() {
    const width = this.element.clientWidth;
    if (!width) return;
    this.theme = readTheme();
    const gutter = width < 560 ? 70 : 92;
    this.axis.setPixels(gutter, width - gutter);
    this.height = RULER_HEIGHT + this.channels.length * this.channelHeight;
    resizeCanvas(this.canvas, width, this.height);
    this.minimap.element.style.marginLeft = `${gutter}px`;
    this.minimap.draw(this.channels.map((channel) => this.itemsOf(channel)), this.theme);
    this.draw();
  }

  /** Draw with the screen's next frame, however often it is asked for until then. */
  requestDraw() {
    if (this.isDrawPending) return;
    this.isDrawPending = true;
    requestAnimationFrame(() => {
      this.isDrawPending = false;
      if (this.height) this.draw();
    });
  }

  draw() {
    const { axis, theme } = this;
    const context = context2d(this.canvas);
    context.font = `11px ${theme.font}`;
    context.textBaseline = "middle";
    context.fillStyle = theme.background;
    context.fillRect(0, 0, axis.left + axis.width, this.height);
    this.channels.forEach((channel, i) => this.drawChannel(context, channel, RULER_HEIGHT + i * this.channelHeight));
    drawRuler(context, axis, RULER_HEIGHT, this.height - GAP, theme);
    this.minimap.moveWindow();
    this.moveCursor();
  }

  /**
   * Draw a channel's curve, lane and heat map, with the names beside them.
   * @param {CanvasRenderingContext2D} context
   * @param {Channel} channel
   * @param {number} top
   */
  drawChannel(context, channel, top) {
    const { axis, theme, labels } = this;
    const heights = HEIGHTS[this.view];
    const heatmapTop = top + heights.curve + heights.lane + 2;
    const content = {
      items: /** @type {Item[]} */ (channel.coarse.get(this.itemsOf(channel), axis.msPerPixel)),
      peaks: this.waveform.get(channel.channel, axis),
      amplitude: this.waveform.amplitude(channel.channel),
      isFaint: (/** @type {Item} */ item) => this.view === "dominant" && item.emotion !== this.dominant,
    };
    if (heights.curve && channel.curve) {
      drawCurve(context, axis, this.curve, channel.curve, this.measure, { top, height: heights.curve - 2 }, theme);
    }
    context.font = `11px ${theme.font}`;
    context.textAlign = "left";
    channel.lane.draw(context, axis, content, { top: top + heights.curve, height: heights.lane }, theme);
    this.drawChanges(context, channel, top);
    if (heights.row) {
      const scores = this.frameScores.get(channel.channel, axis) ?? channel.scores;
      drawHeatmap(context, axis, scores, labels, { top: heatmapTop, rowHeight: heights.row }, theme.ramp, this.scratch);
      context.font = `11px ${theme.font}`;
      context.fillStyle = theme.muted;
      context.textAlign = "right";
      labels.forEach((label, i) => context.fillText(emotionName(label), axis.left - 6, heatmapTop + (i + 0.5) * heights.row));
    }
    context.textAlign = "left";
    context.fillStyle = theme.text;
    context.font = `600 12px ${theme.font}`;
    drawName(context, channel.name, axis.left - 4, top + heights.curve + BAND_HEIGHT / 2);
    context.font = `11px ${theme.font}`;
  }

  /**
   * Mark the changes of a channel by lines over its curve and lane.
   * @param {CanvasRenderingContext2D} context
   * @param {Channel} channel
   * @param {number} top
   */
  drawChanges(context, channel, top) {
    const { axis, theme } = this;
    const { curve, lane } = HEIGHTS[this.view];
    context.fillStyle = theme.text;
    for (const time of channel.changes) {
      const x = Math.round(axis.toPixel(time));
      if (x < axis.left || x > axis.left + axis.width) continue;
      for (let y = top; y < top + curve + lane; y += 6) context.fillRect(x, y, 1, 3);
      context.beginPath();
      context.moveTo(x - 5, top);
      context.lineTo(x + 6, top);
      context.lineTo(x + 0.5, top + 7);
      context.fill();
    }
  }

  /** Move the cursor to the player's position. */
  moveCursor() {
    const { axis, player, cursor } = this;
    const x = axis.toPixel(player.position);
    cursor.hidden = x < axis.left - 1 || x > axis.left + axis.width;
    cursor.style.transform = `translateX(${x}px)`;
    const segments = this.channels.flatMap((channel) => findAt(channel.segments, player.position) ?? []);
    const emotions = segments.map(({ emotion }) => emotionName(emotion)).join(", ") || t("chart.silent");
    this.canvas.setAttribute("aria-valuenow", String(Math.round(player.position / 1000)));
    this.canvas.setAttribute("aria-valuetext", t("chart.at", { time: formatClock(player.position), emotions }));
  }

  /** @param {PointerEvent} event */
  channelAt(event) {
    const y = event.clientY - this.canvas.getBoundingClientRect().top - RULER_HEIGHT;
    return this.channels[Math.floor(y / this.channelHeight)];
  }

  /** Show at the pointer which time and item it is over. @param {PointerEvent} event */
  showReadout(event) {
    const x = event.clientX - this.canvas.getBoundingClientRect().left;
    const y = event.clientY - this.canvas.getBoundingClientRect().top;
    const ms = this.axis.toMs(x);
    const channel = this.channelAt(event);
    this.readout.hidden = !channel || ms < this.axis.start || ms > this.axis.end;
    if (!channel || this.readout.hidden) return;
    const item = findAt(this.itemsOf(channel), ms);
    const value = channel.curve ? valueAt(this.curve, channel.curve, this.measure, ms) : null;
    const confidence = item && item.confidence !== null ? formatPercent(item.confidence) : "";
    const heard = item ? [emotionName(item.emotion), confidence].filter(Boolean).join(" ") : t("chart.silent");
    this.readout.replaceChildren(
      h("strong", {}, `${formatClock(ms, 1)} · ${channel.name}`),
      h("span", {}, heard),
      value === null ? "" : h("span", {}, `${measureName(this.measure)} ${formatMeasure(this.measure, value)}`));
    const width = this.readout.offsetWidth;
    const left = x + 14 + width > this.axis.left + this.axis.width ? x - 14 - width : x + 14;
    this.readout.style.transform = `translate(${Math.max(left, 0)}px, ${Math.min(y + 12, this.height - 64)}px)`;
  }
}

/** The name of what a curve shows. @param {string} measure */
export const measureName = (measure) => (DERIVED.includes(measure) ? t(`curve.${measure}`) : emotionName(measure));

/** @param {string} measure @param {number} value */
function formatMeasure(measure, value) {
  if (!DERIVED.includes(measure)) return formatPercent(value);
  return `${value > 0 ? "+" : ""}${value.toFixed(2).replace("-", "−")}`;
}

/**
 * The channels of a result, with their segments and entries.
 * @param {Result} result
 * @returns {Channel[]}
 */
function createChannels({ segments, timeline, changes, curve }) {
  const numbers = [...new Set(segments.map((segment) => segment.channel))].sort((a, b) => a - b);
  return numbers.map((channel) => {
    const channelSegments = segments.filter((segment) => segment.channel === channel);
    const channelCurve = curve.channels.find((candidate) => candidate.channel === channel);
    return {
      channel,
      name: channelName(channelSegments[0]),
      segments: channelSegments,
      entries: timeline.filter((entry) => entry.channel === channel),
      changes: changes.filter((change) => change.channel === channel).map(({ time_ms }) => time_ms),
      lane: new Lane(),
      coarse: new CoarseItems(),
      curve: channelCurve,
      scores: curveScores(curve, channelCurve),
    };
  });
}

/**
 * Write a channel's name, on two lines where it does not fit on one.
 * @param {CanvasRenderingContext2D} context
 * @param {string} name
 * @param {number} width in pixels
 * @param {number} y of the middle of the first line
 */
function drawName(context, name, width, y) {
  const [word, ...others] = name.split(" ");
  const fits = context.measureText(name).width <= width;
  const lines = fits || !others.length ? [name] : [word, others.join(" ")];
  lines.forEach((line, i) => context.fillText(shortenText(context, line, width), 0, y + 14 * i));
}

/**
 * Shorten a text until it fits.
 * @param {CanvasRenderingContext2D} context
 * @param {string} text
 * @param {number} width in pixels
 */
function shortenText(context, text, width) {
  let shortened = text;
  while (shortened.length > 1 && context.measureText(shortened).width > width) shortened = `${shortened.slice(0, -2)}…`;
  return shortened;
}
