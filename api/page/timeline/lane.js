/**
 * A channel's lane, drawn pixel by pixel: a band and a tint for each stretch of one emotion, the waveform over it. Rectangles
 * would be drawn one by one, thousands of them in each frame of a long recording; pixels take the same time however many
 * there are.
 */
import { colourOf, patternOf, textColourOf } from "../palette.js";
import { emotionName } from "../i18n.js";
import { findOverlapping } from "./axis.js";

/** @typedef {import("./axis.js").Axis} Axis */
/** @typedef {import("./chart.js").Item} Item */
/** @typedef {import("./theme.js").Theme} Theme */
/** @typedef {import("./waveform.js").Peaks} Peaks */
/** @typedef {{item: Item, from: number, to: number, isFaint: boolean}} Region an item with its pixels */

export const BAND_HEIGHT = 18;
/** Pixels above and below the waveform. */
const PADDING = 4;
/** Narrower regions have no pattern. */
const MIN_PATTERN_PX = 4;

export class Lane {
  constructor() {
    this.image = new ImageData(1, 1);
    this.pixels = new Uint32Array(1);
    this.colours = { band: new Uint32Array(0), tint: new Uint32Array(0), wave: new Uint32Array(0) };
  }

  /**
   * @param {CanvasRenderingContext2D} context
   * @param {Axis} axis
   * @param {{items: Item[], peaks: Peaks | null, amplitude: number, isFaint: (item: Item) => boolean}} content
   * @param {{top: number, height: number}} place in pixels
   * @param {Theme} theme
   */
  draw(context, axis, { items, peaks, amplitude, isFaint }, { top, height }, theme) {
    const scale = context.getTransform().a;
    const size = { width: Math.round(axis.width * scale), height: Math.round(height * scale), band: Math.round(BAND_HEIGHT * scale) };
    const regions = this.colourColumns(size.width, axis, scale, items, isFaint, theme);
    this.fillPixels(waveformRows(axis, scale, peaks, amplitude, size), size);
    context.putImageData(this.image, Math.round(axis.left * scale), Math.round(top * scale));
    for (const region of regions) drawOverlay(context, region, top, height, theme);
  }

  /**
   * Colour each column of pixels as its item.
   * @param {number} width
   * @param {Axis} axis
   * @param {number} scale points of the canvas per pixel
   * @param {Item[]} items
   * @param {(item: Item) => boolean} isFaint
   * @param {Theme} theme
   * @returns {Region[]} the visible items that are wide enough for a pattern
   */
  colourColumns(width, axis, scale, items, isFaint, theme) {
    if (this.colours.band.length !== width) {
      this.colours = { band: new Uint32Array(width), tint: new Uint32Array(width), wave: new Uint32Array(width) };
    }
    const { band, tint, wave } = this.colours;
    /** @param {import("./theme.js").Tones} tones @param {number} [from] @param {number} [to] */
    const fill = (tones, from, to) => {
      band.fill(tones.band, from, to);
      tint.fill(tones.tint, from, to);
      wave.fill(tones.wave, from, to);
    };
    fill(theme.silence);
    /** @type {Region[]} */
    const regions = [];
    let drawn = -1;
    for (const item of items.slice(...findOverlapping(items, axis.start, axis.end))) {
      const [from, to] = [axis.toPixel(item.start_ms), axis.toPixel(item.end_ms)];
      const column = Math.max(Math.round((from - axis.left) * scale), 0);
      const end = Math.max(Math.round((to - axis.left) * scale), column + 1);
      if (end <= drawn) continue;  // within the column before
      drawn = end;
      fill(theme.tones(item.emotion, isFaint(item)), column, end);
      if (to - from >= MIN_PATTERN_PX) {
        regions.push({ item, from: Math.max(from, axis.left), to: Math.min(to, axis.left + axis.width), isFaint: isFaint(item) });
      }
    }
    return regions;
  }

  /**
   * @param {{high: Float32Array, low: Float32Array}} rows of the waveform
   * @param {{width: number, height: number, band: number}} size
   */
  fillPixels({ high, low }, size) {
    if (this.image.width !== size.width || this.image.height !== size.height) {
      this.image = new ImageData(size.width, size.height);
      this.pixels = new Uint32Array(this.image.data.buffer);
    }
    const { pixels } = this;
    const { band, tint, wave } = this.colours;
    let place = 0;
    for (let y = 0; y < size.height; y++) {
      for (let x = 0; x < size.width; x++) {
        pixels[place++] = y < size.band ? band[x] : y >= high[x] && y < low[x] ? wave[x] : tint[x];
      }
    }
  }
}

/**
 * The rows between which each column of the waveform lies; without peaks it is a line.
 * @param {Axis} axis
 * @param {number} scale points of the canvas per pixel
 * @param {Peaks | null} peaks
 * @param {number} amplitude that is drawn at full height
 * @param {{width: number, height: number, band: number}} size
 */
function waveformRows(axis, scale, peaks, amplitude, { width, height, band }) {
  const [high, low] = [new Float32Array(width), new Float32Array(width)];
  const middle = (band + height) / 2;
  const unit = (height - band - 2 * PADDING * scale) / 2 / amplitude;
  const msPerColumn = axis.msPerPixel / scale;
  const pointsPerMs = peaks ? peaks.max.length / (peaks.end_ms - peaks.start_ms) : 0;
  for (let column = 0; column < width; column++) {
    let [lowest, highest] = [0, 0];
    if (peaks) {
      const begin = (axis.start - peaks.start_ms + column * msPerColumn) * pointsPerMs;
      const first = Math.floor(begin);
      const last = Math.min(Math.max(first + 1, Math.ceil(begin + msPerColumn * pointsPerMs)), peaks.max.length);
      for (let i = Math.max(first, 0); i < last; i++) {
        if (peaks.min[i] < lowest) lowest = peaks.min[i];
        if (peaks.max[i] > highest) highest = peaks.max[i];
      }
    }
    high[column] = middle - Math.max(highest * unit, scale / 2);
    low[column] = middle - Math.min(lowest * unit, -scale / 2);
  }
  return { high, low };
}

/**
 * Draw a region's pattern and name, and the outline of a skipped segment.
 * @param {CanvasRenderingContext2D} context
 * @param {Region} region
 * @param {number} top
 * @param {number} height
 * @param {Theme} theme
 */
function drawOverlay(context, { item, from, to, isFaint }, top, height, theme) {
  context.globalAlpha = isFaint ? 0.3 : 1;
  context.fillStyle = patternOf(item.emotion);
  context.fillRect(from, top, to - from, BAND_HEIGHT);
  context.globalAlpha = 1;
  if ("status" in item && item.status === "skipped") {
    context.strokeStyle = theme.muted;
    context.setLineDash([3, 3]);
    context.strokeRect(from + 0.5, top + 0.5, Math.max(to - from - 1, 1), height - 1);
    context.setLineDash([]);
  }
  const name = emotionName(item.emotion);
  const width = to - from > 30 && !isFaint ? context.measureText(name).width : Infinity;
  if (width > to - from - 8) return;
  context.fillStyle = colourOf(item.emotion);
  context.fillRect(from + 3, top + 2, width + 4, BAND_HEIGHT - 4);
  context.fillStyle = textColourOf(item.emotion);
  context.fillText(name, from + 5, top + BAND_HEIGHT / 2 + 0.5);
}
