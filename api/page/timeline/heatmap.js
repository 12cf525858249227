/** The heat map: time across, a row for each emotion, darker (in the dark theme brighter) for higher scores. */
import { getFrames } from "../api.js";
import { context2d } from "../dom.js";
import { findFirst } from "./axis.js";
import { RangeLoader } from "./range-loader.js";

/** @typedef {import("./axis.js").Axis} Axis */
/** @typedef {import("../api.js").Segment} Segment */
/**
 * Scores over time: `start` and `end` in ms, and the scores of `labels` by index and row.
 * @typedef {{labels: string[], starts: number[], end: (index: number) => number, score: (index: number, row: number) => number}} Scores
 */

/** Longer ranges are drawn from the scores of segments, which the page has: they have too many frames. */
const MAX_FRAMES_MS = 20 * 60_000;
const HOPS_MS = [20, 40, 100, 200, 400, 1000];

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
      const hop = HOPS_MS.find((ms) => ms >= msPerPixel) ?? 1000;
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
    return { labels: frames.labels, starts, end: (index) => starts[index] + frames.hop_ms, score: (index, row) => scores[index][row] };
  }
}

/**
 * The scores of segments.
 * @param {Segment[]} segments
 * @param {string[]} labels
 * @returns {Scores}
 */
export function segmentScores(segments, labels) {
  const scored = segments.flatMap(({ start_ms, end_ms, scores }) => (scores ? [{ start_ms, end_ms, scores }] : []));
  return {
    labels,
    starts: scored.map((segment) => segment.start_ms),
    end: (index) => scored[index].end_ms,
    score: (index, row) => scored[index].scores[labels[row]] ?? 0,
  };
}

/**
 * Draw a row for each of `labels`.
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
  // The last range that begins before the visible range may reach into it.
  let next = Math.max(findFirst(scores.starts, (start) => start >= axis.start) - 1, 0);
  for (let column = 0; column < width; column++) {
    const [start, end] = [axis.toMs(axis.left + column), axis.toMs(axis.left + column + 1)];
    while (next < scores.starts.length && scores.end(next) <= start) next++;
    let last = next;
    while (last < scores.starts.length && scores.starts[last] < end) last++;
    if (last === next) continue;
    for (const [row, scoreRow] of rows.entries()) {
      let sum = 0;
      for (let index = next; index < last; index++) sum += scoreRow < 0 ? 0 : scores.score(index, scoreRow);
      const tone = 4 * Math.round((sum / (last - next)) * 255);
      image.data.set(ramp.subarray(tone, tone + 4), 4 * (row * width + column));
    }
  }
  scratchContext.putImageData(image, 0, 0);
  context.imageSmoothingEnabled = false;
  context.drawImage(scratch, axis.left, top, width, labels.length * rowHeight);
}
