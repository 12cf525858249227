/** The chart: a ruler, and for each channel its lane and heat map, drawn on one canvas. */
import { context2d, h } from "../dom.js";
import { formatClock, formatPercent } from "../format.js";
import { channelName, emotionName, t } from "../i18n.js";
import { findAt } from "./axis.js";
import { addGestures, keyActions } from "./gestures.js";
import { FrameScores, drawHeatmap, segmentScores } from "./heatmap.js";
import { BAND_HEIGHT, Lane } from "./lane.js";
import { Minimap, resizeCanvas } from "./minimap.js";
import { drawRuler } from "./ruler.js";
import { readTheme } from "./theme.js";
import { Waveform } from "./waveform.js";

/** @typedef {import("./axis.js").Axis} Axis */
/** @typedef {import("../job/player.js").Player} Player */
/** @typedef {import("../api.js").Segment} Segment */
/** @typedef {import("../api.js").TimelineEntry} TimelineEntry */
/** @typedef {Segment | TimelineEntry} Item */
/** @typedef {keyof typeof HEIGHTS} View */
/** @typedef {import("./heatmap.js").Scores} Scores */
/** @typedef {{channel: number, name: string, segments: Segment[], entries: TimelineEntry[], lane: Lane, scores: Scores}} Channel */

const RULER_HEIGHT = 24;
const GAP = 10;
/** Pixels of the lane, and of each row of the heat map. */
const HEIGHTS = { dominant: { lane: 96, row: 0 }, timeline: { lane: 92, row: 12 }, heat: { lane: 56, row: 18 } };

export class Chart {
  /**
   * @param {string} jobId
   * @param {import("../api.js").Result} result
   * @param {string[]} labels the emotions that have scores
   * @param {Axis} axis
   * @param {Player} player
   * @param {AbortSignal} signal
   */
  constructor(jobId, result, labels, axis, player, signal) {
    this.labels = labels;
    this.axis = axis;
    this.player = player;
    this.dominant = result.dominant?.emotion;
    this.channels = createChannels(result, labels);
    /** @type {View} */
    this.view = "timeline";
    this.theme = readTheme();
    this.height = 0;
    this.isDrawPending = false;
    this.scratch = document.createElement("canvas");
    this.canvas = h("canvas.chart", { tabIndex: 0, role: "slider", "aria-label": t("chart"), "aria-valuemin": 0,
      "aria-valuemax": Math.round(axis.duration / 1000) });
    this.cursor = h("div.cursor", { hidden: true });
    this.info = h("p.info", { "aria-hidden": "true" });
    this.minimap = new Minimap(axis);
    this.element = h("div.plot", {}, this.minimap.element, h("div.frame", {}, this.canvas, this.cursor), this.info);
    this.waveform = new Waveform(jobId, () => this.requestDraw(), signal);
    this.frameScores = new FrameScores(jobId, () => this.requestDraw(), signal);
    this.addListeners(signal);
  }

  /** @param {AbortSignal} signal */
  addListeners(signal) {
    const { axis, canvas, player } = this;
    addGestures(axis, canvas, (ms, event) => player.playAt(ms, this.channelAt(event)?.channel), (event) => this.showInfo(event));
    const keys = keyActions(axis, player);
    canvas.addEventListener("keydown", (event) => {
      const action = event.ctrlKey || event.metaKey || event.altKey ? null : keys[event.key];
      if (!action) return;
      event.preventDefault();
      action(event);
    });
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

  /** Show entries of the timeline instead of those that are shown. @param {TimelineEntry[]} timeline */
  setTimeline(timeline) {
    for (const channel of this.channels) channel.entries = timeline.filter((entry) => entry.channel === channel.channel);
    this.layout();
  }

  /** The pixels from a channel's top to the next one's. */
  get channelHeight() {
    const { lane, row } = HEIGHTS[this.view];
    return lane + row * this.labels.length + GAP;
  }

  /** Size everything anew, and draw. */
  layout() {
    const width = this.element.clientWidth;
    if (!width) return;
    this.theme = readTheme();
    const gutter = width < 560 ? 62 : 92;
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
   * Draw a channel's lane and heat map, with the names beside them.
   * @param {CanvasRenderingContext2D} context
   * @param {Channel} channel
   * @param {number} top
   */
  drawChannel(context, channel, top) {
    const { axis, theme, labels } = this;
    const heights = HEIGHTS[this.view];
    const heatmapTop = top + heights.lane + 2;
    const content = {
      items: this.itemsOf(channel),
      peaks: this.waveform.get(channel.channel, axis),
      amplitude: this.waveform.amplitude(channel.channel),
      isFaint: (/** @type {Item} */ item) => this.view === "dominant" && item.emotion !== this.dominant,
    };
    context.textAlign = "left";
    channel.lane.draw(context, axis, content, { top, height: heights.lane }, theme);
    if (heights.row) {
      const scores = this.frameScores.get(channel.channel, axis) ?? channel.scores;
      drawHeatmap(context, axis, scores, labels, { top: heatmapTop, rowHeight: heights.row }, theme.ramp, this.scratch);
    }
    context.textAlign = "left";
    context.fillStyle = theme.text;
    context.font = `600 12px ${theme.font}`;
    context.fillText(shortenText(context, channel.name, axis.left - 8), 0, top + BAND_HEIGHT / 2);
    context.font = `${heights.row > 12 ? 11 : 10}px ${theme.font}`;
    context.fillStyle = theme.muted;
    context.textAlign = "right";
    if (heights.row) {
      labels.forEach((label, i) => context.fillText(emotionName(label), axis.left - 6, heatmapTop + (i + 0.5) * heights.row));
    }
    context.font = `11px ${theme.font}`;
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

  /** Show the time and the item under the pointer. @param {PointerEvent} event */
  showInfo(event) {
    const ms = this.axis.toMs(event.clientX - this.canvas.getBoundingClientRect().left);
    const channel = this.channelAt(event);
    const item = channel && ms >= this.axis.start ? findAt(this.itemsOf(channel), ms) : null;
    const confidence = item && item.confidence !== null ? formatPercent(item.confidence) : "";
    const parts = item ? [formatClock(ms, 1), channel.name, emotionName(item.emotion), confidence] : [formatClock(Math.max(ms, 0), 1)];
    this.info.textContent = parts.filter(Boolean).join(" · ");
  }
}

/**
 * The channels of a result, with their segments and entries.
 * @param {import("../api.js").Result} result
 * @param {string[]} labels
 * @returns {Channel[]}
 */
function createChannels({ segments, timeline }, labels) {
  const numbers = [...new Set(segments.map((segment) => segment.channel))].sort((a, b) => a - b);
  return numbers.map((channel) => {
    const channelSegments = segments.filter((segment) => segment.channel === channel);
    return {
      channel,
      name: channelName(channelSegments[0]),
      segments: channelSegments,
      entries: timeline.filter((entry) => entry.channel === channel),
      lane: new Lane(),
      scores: segmentScores(channelSegments, labels),
    };
  });
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
