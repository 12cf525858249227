/** The heat map: time across, a row for each emotion, darker (in the dark theme brighter) for higher scores. */
import { getFrames } from "../api.js";
import { context2d } from "../dom.js";
import { findFirst } from "./axis.js";
import { stretchLength } from "./coarse.js";
import { RangeLoader } from "./range-loader.js";

/** @typedef {import("./axis.js").Axis} Axis */
/** @typedef {import("./curve.js").CurveDocument} CurveDocument */
/**
 * Scores over time: their starts and the length of each in ms, and the scores of `labels` by index and row.
 * @typedef {{labels: string[], starts: number[], length: number, score: (index: number, row: number) => number}} Scores
 */

/** In longer ranges a window of the curve is wide enough to be seen; in shorter ones the scores of frames are drawn. */
const MAX_FRAMES_MS = 30_000;
const HOPS_MS = [200, 400, 1000];
const HOP_PX = 6;

/** Scores of frames, fetched for the visible range. */
export class FrameScores {
  /**
   * @param {string} jobId
   * @param {() => void} onLoad
   * @param {AbortSignal} signal
   */
  constructor(jobId, onLoad, signal) {
    /** @type {RangeLoader<import("../api.js").Schemas["FramesDocument"]>} */
    this.loader = new RangeLoader(({ start, end, msPerPixel }, abort) => {
      const hop = HOPS_MS.find((ms) => ms >= msPerPixel * HOP_PX) ?? 1000;
      const query = { hop_ms: String(hop), start_ms: String(Math.floor(start / hop) * hop), end_ms: String(Math.ceil(end)) };
      return getFrames(jobId, new URLSearchParams(query), abort);
    }, onLoad);
    signal.addEventListener("abort", () => this.loader.stop());
  }

  /**
   * The scores of a channel's frames, or null.
   * @param {number} channel
   * @param {Axis} axis
   * @returns {Scores | null}
   */
  get(channel, axis) {
    const frames = axis.span <= MAX_FRAMES_MS ? this.loader.get(axis) : null;
    const columns = frames?.channels.find((candidate) => candidate.channel === channel);
    if (!frames || !columns) return null;
    const { start_ms: starts, scores } = columns;
    return { labels: frames.labels, starts, length: frames.hop_ms, score: (index, row) => scores[index][row] };
  }
}

/**
 * The scores of a channel's curve, which are means over seconds.
 * @param {CurveDocument} curve
 * @param {CurveDocument["channels"][number] | undefined} channel
 * @returns {Scores}
 */
export function curveScores({ time_ms, step_ms }, channel) {
  const labels = Object.keys(channel?.scores ?? {});
  const columns = labels.map((label) => channel?.scores[label] ?? []);
  const spoken = time_ms.flatMap((_, i) => (columns[0]?.[i] === null || columns[0]?.[i] === undefined ? [] : [i]));
  return {
    labels,
    starts: spoken.map((i) => time_ms[i] - step_ms / 2),
    length: step_ms,
    score: (index, row) => columns[row][spoken[index]] ?? 0,
  };
}

/**
 * Draw a row for each of `labels`, in stretches that are wide enough to be seen.
 * @param {CanvasRenderingContext2D} context
 * @param {Axis} axis
 * @param {Scores} scores
 * @param {string[]} labels
 * @param {{top: number, rowHeight: number}} place in pixels
 * @param {Uint8ClampedArray} ramp the colours [256 * 4] of 0 to 1
 * @param {HTMLCanvasElement} scratch a canvas to draw on before the picture is scaled
 */
export function drawHeatmap(context, axis, scores, labels, { top, rowHeight }, ramp, scratch) {
  const width = Math.ceil(axis.width);
  scratch.width = width;
  scratch.height = labels.length;
  const scratchContext = context2d(scratch);
  const image = scratchContext.createImageData(width, labels.length);
  const rows = labels.map((label) => scores.labels.indexOf(label));
  const length = Math.max(scores.length, scores.length < 1000 ? 0 : stretchLength(axis.msPerPixel));
  // The last score that begins before the visible range may reach into it.
  let next = Math.max(findFirst(scores.starts, (start) => start >= axis.start - length) - 1, 0);
  for (let from = Math.floor(axis.start / length) * length; from < axis.end; from += length) {
    while (next < scores.starts.length && scores.starts[next] < from - scores.length / 2) next++;
    let last = next;
    while (last < scores.starts.length && scores.starts[last] < from + length - scores.length / 2) last++;
    if (last === next) continue;
    const begin = Math.max(Math.round(axis.toPixel(from) - axis.left), 0);
    const end = Math.min(Math.round(axis.toPixel(from + length) - axis.left), width);
    for (const [row, scoreRow] of rows.entries()) {
      let sum = 0;
      for (let index = next; index < last; index++) sum += scoreRow < 0 ? 0 : scores.score(index, scoreRow);
      const tone = 4 * Math.round((sum / (last - next)) * 255);
      for (let column = begin; column < end; column++) image.data.set(ramp.subarray(tone, tone + 4), 4 * (row * width + column));
    }
  }
  scratchContext.putImageData(image, 0, 0);
  context.imageSmoothingEnabled = false;
  context.drawImage(scratch, axis.left, top, width, labels.length * rowHeight);
}
