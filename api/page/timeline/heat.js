/** The heat map: time across, a row for each emotion, a score's height as darkness (as brightness in the dark). */
import { get } from "../api.js";
import { Detail } from "./detail.js";

/** Of longer stretches the scores of whole segments are drawn, which the page has: frames would be too many. */
const LONGEST_MS = 20 * 60_000;
const HOPS_MS = [20, 40, 100, 200, 400, 1000];

/** Scores of frames, fetched for what is shown. */
export class Frames {
  constructor(jobId, came, signal) {
    this.detail = new Detail(async (start, end, msPerPixel, abort) => {
      const hop = HOPS_MS.find((it) => it >= msPerPixel) ?? 1000;
      const query = { hop_ms: hop, start_ms: Math.floor(start / hop) * hop, end_ms: Math.ceil(end) };
      return get(`/v1/jobs/${jobId}/frames?${new URLSearchParams(query)}`, abort);
    }, came);
    signal.addEventListener("abort", () => this.detail.stop());
  }

  /** The scores of a channel as sorted stretches in columns of their own, or null. */
  of(channel, axis) {
    const found = axis.span <= LONGEST_MS ? this.detail.of(axis) : null;
    const own = found?.channels.find((it) => it.channel === channel);
    if (!own) return null;
    const rows = found.labels;
    return { labels: rows, start: own.start_ms, end: (i) => own.start_ms[i] + found.hop_ms, score: (i, row) => own.scores[i][row] };
  }
}

/** The same of whole segments. */
export function scoresOf(segments, labels) {
  const scored = segments.filter((segment) => segment.scores);
  return {
    labels,
    start: scored.map((segment) => segment.start_ms),
    end: (i) => scored[i].end_ms,
    score: (i, row) => scored[i].scores[labels[row]] ?? 0,
  };
}

/** Draws the rows of a lane from `top` on, each `row` pixels high. `ramp` has the colours [256 * 4] of 0 to 1. */
export function drawHeat(context, axis, scores, labels, { top, row }, ramp, scratch) {
  const columns = Math.ceil(axis.width);
  scratch.width = columns;
  scratch.height = labels.length;
  const picture = scratch.getContext("2d");
  const image = picture.createImageData(columns, labels.length);
  const from = labels.map((label) => scores.labels.indexOf(label));
  let next = first(scores.start, axis.start);
  for (let column = 0; column < columns; column++) {
    const [start, end] = [axis.ms(axis.left + column), axis.ms(axis.left + column + 1)];
    while (next < scores.start.length && scores.end(next) <= start) next++;
    let last = next;
    while (last < scores.start.length && scores.start[last] < end) last++;
    if (last === next) continue;
    for (let label = 0; label < labels.length; label++) {
      let sum = 0;
      for (let i = next; i < last; i++) sum += from[label] < 0 ? 0 : scores.score(i, from[label]);
      const tone = 4 * Math.round((sum / (last - next)) * 255);
      image.data.set(ramp.subarray(tone, tone + 4), 4 * (label * columns + column));
    }
  }
  picture.putImageData(image, 0, 0);
  context.imageSmoothingEnabled = false;
  context.drawImage(scratch, axis.left, top, columns, labels.length * row);
}

/** The index of the last stretch that begins before `ms`, or 0. */
function first(starts, ms) {
  let [low, high] = [0, starts.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (starts[middle] < ms) low = middle + 1;
    else high = middle;
  }
  return Math.max(low - 1, 0);
}
