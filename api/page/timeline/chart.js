/** The chart: ruler, and for each channel its regions, waveform and heat map, drawn on one canvas. */
import { h } from "../element.js";
import { clock, percent } from "../format.js";
import { emotionName, t } from "../words.js";
import { at } from "./axis.js";
import { keysOf, takeGestures } from "./gestures.js";
import { Frames, drawHeat, scoresOf } from "./heat.js";
import { BAND, Lane } from "./lane.js";
import { currentLook } from "./look.js";
import { Minimap, size } from "./minimap.js";
import { drawRuler } from "./ruler.js";
import { Waveform } from "./waveform.js";

const RULER = 24;
const GAP = 10;
const HEIGHTS = { dominant: { wave: 96, row: 0 }, timeline: { wave: 92, row: 12 }, heat: { wave: 56, row: 18 } };

export class Chart {
  /**
   * @param {{jobId: string, axis: any, lanes: any[], labels: string[], dominant: string | null, player: any}} what
   * @param {AbortSignal} signal
   */
  constructor({ jobId, axis, lanes, labels, dominant, player }, signal) {
    Object.assign(this, { axis, lanes, labels, dominant, player, view: "timeline", pending: false });
    this.scratch = document.createElement("canvas");
    this.canvas = h("canvas.chart", { tabIndex: 0, role: "slider", "aria-label": t("chart"), "aria-valuemin": 0,
      "aria-valuemax": Math.round(axis.duration / 1000) });
    this.cursor = h("div.cursor", { hidden: true });
    this.info = h("p.info", { "aria-hidden": "true" });
    this.minimap = new Minimap(axis, lanes, (lane) => this.items(lane));
    this.frame = h("div.frame", {}, this.canvas, this.cursor);
    this.element = h("div.plot", {}, this.minimap.element, this.frame, this.info);
    this.waveform = new Waveform(jobId, () => this.paint(), signal);
    this.frames = new Frames(jobId, () => this.paint(), signal);
    this.listen(signal);
  }

  listen(signal) {
    const { axis, canvas, player } = this;
    takeGestures({ axis, canvas, clicked: (ms, event) => player.playAt(ms, this.laneAt(event)?.channel), hovered: (event) => this.hover(event) });
    const keys = keysOf(axis, player);
    canvas.addEventListener("keydown", (event) => {
      const act = event.ctrlKey || event.metaKey || event.altKey ? null : keys[event.key];
      if (!act) return;
      event.preventDefault();
      act(event);
    });
    axis.addEventListener("change", () => this.paint());
    player.addEventListener("move", () => this.move());
    const sizes = new ResizeObserver(() => this.layout());
    sizes.observe(this.element);
    const dark = matchMedia("(prefers-color-scheme: dark)");
    const relook = () => this.layout();
    dark.addEventListener("change", relook, { signal });
    addEventListener("light", relook, { signal });
    signal.addEventListener("abort", () => sizes.disconnect());
  }

  /** What is shown of a lane: merged entries, or each segment. */
  items(lane) {
    return this.view === "timeline" ? lane.entries : lane.segments;
  }

  show(view) {
    this.view = view;
    this.layout();
  }

  layout() {
    const width = this.element.clientWidth;
    if (!width) return;
    this.look = currentLook();
    const { wave, row } = HEIGHTS[this.view];
    const gutter = width < 560 ? 62 : 92;
    this.axis.place(gutter, width - gutter);
    this.heights = { wave, row, lane: wave + row * this.labels.length + GAP };
    this.height = RULER + this.lanes.length * this.heights.lane;
    size(this.canvas, width, this.height);
    this.minimap.element.style.marginLeft = `${gutter}px`;
    this.minimap.draw(this.look);
    this.draw();
  }

  /** Draws with the next frame of the screen, however often it is asked for until then. */
  paint() {
    if (this.pending) return;
    this.pending = true;
    requestAnimationFrame(() => {
      this.pending = false;
      if (this.look) this.draw();
    });
  }

  draw() {
    const { axis, look } = this;
    const context = this.canvas.getContext("2d");
    context.font = `11px ${look.font}`;
    context.textBaseline = "middle";
    context.fillStyle = look.ground;
    context.fillRect(0, 0, axis.left + axis.width, this.height);
    this.lanes.forEach((lane, i) => this.drawLane(context, lane, RULER + i * this.heights.lane));
    drawRuler(context, axis, RULER, this.height - GAP, look);
    this.minimap.move();
    this.move();
  }

  drawLane(context, lane, top) {
    const { axis, look, heights } = this;
    const bottom = top + heights.wave;
    const faint = (item) => this.view === "dominant" && item.emotion !== this.dominant;
    const peaks = this.waveform.of(lane.channel, axis);
    lane.drawn ??= new Lane();
    const what = { items: this.items(lane), peaks, loudest: this.waveform.height(lane.channel), faint };
    context.textAlign = "left";
    lane.drawn.draw(context, axis, what, { top, height: heights.wave }, look);
    if (heights.row) this.drawScores(context, lane, bottom + 2);
    this.drawNames(context, lane, top);
  }

  drawScores(context, lane, top) {
    lane.scores ??= scoresOf(lane.segments, this.labels);
    const scores = this.frames.of(lane.channel, this.axis) ?? lane.scores;
    drawHeat(context, this.axis, scores, this.labels, { top, row: this.heights.row }, this.look.ramp, this.scratch);
  }

  drawNames(context, lane, top) {
    const { axis, look, heights } = this;
    context.textAlign = "left";
    context.fillStyle = look.ink;
    context.font = `600 12px ${look.font}`;
    context.fillText(fitting(context, lane.name, axis.left - 8), 0, top + BAND / 2);
    context.font = `${heights.row > 12 ? 11 : 10}px ${look.font}`;
    context.fillStyle = look.muted;
    context.textAlign = "right";
    for (let i = 0; heights.row && i < this.labels.length; i++) {
      context.fillText(emotionName(this.labels[i]), axis.left - 6, top + heights.wave + 2 + (i + 0.5) * heights.row);
    }
    context.font = `11px ${look.font}`;
  }

  /** Puts the cursor where the player is. */
  move() {
    const { axis, player, cursor } = this;
    const x = axis.x(player.position);
    cursor.hidden = x < axis.left - 1 || x > axis.left + axis.width;
    cursor.style.transform = `translateX(${x}px)`;
    const heard = this.lanes.map((lane) => at(lane.segments, player.position)).filter(Boolean);
    const what = heard.map((it) => emotionName(it.emotion)).join(", ") || t("chart.silent");
    this.canvas.setAttribute("aria-valuenow", Math.round(player.position / 1000));
    this.canvas.setAttribute("aria-valuetext", t("chart.at", { time: clock(player.position), what }));
  }

  laneAt(event) {
    const y = event.clientY - this.canvas.getBoundingClientRect().top - RULER;
    return this.lanes[Math.floor(y / this.heights.lane)];
  }

  hover(event) {
    const ms = this.axis.ms(event.clientX - this.canvas.getBoundingClientRect().left);
    const lane = this.laneAt(event);
    const item = lane && ms >= this.axis.start ? at(this.items(lane), ms) : null;
    const sure = item && item.confidence !== null ? percent(item.confidence) : "";
    const parts = item ? [clock(ms, 1), lane.name, emotionName(item.emotion), sure] : [clock(Math.max(ms, 0), 1)];
    this.info.textContent = parts.filter(Boolean).join(" · ");
  }
}

function fitting(context, words, width) {
  let shown = words;
  while (shown.length > 1 && context.measureText(shown).width > width) shown = `${shown.slice(0, -2)}…`;
  return shown;
}
