/** Time in stretches that a reader can see: where many items lie on a few pixels, one item stands for them. */
import { findOverlapping } from "./axis.js";

/** @typedef {import("./axis.js").Range} Range */
/** @typedef {{start: number, end: number, msPerPixel: number}} Visible the visible range, in ms */
/** @typedef {Range & {emotion: string}} Coloured */

/** A narrower stretch is a line of a barcode to its reader. */
export const LEAST_PX = 6;
const STEPS_S = [1, 2, 3, 5, 10, 15, 20, 30, 60, 90, 120, 180, 300, 600, 900, 1800, 3600, 7200];

/**
 * The length of a stretch that is wide enough to be seen, in ms. Stretches begin at its multiples, so that they stay the
 * same while the visible range moves.
 * @param {number} msPerPixel
 */
export function stretchLength(msPerPixel) {
  const least = msPerPixel * LEAST_PX;
  return 1000 * (STEPS_S.find((seconds) => seconds * 1000 >= least) ?? Math.ceil(least / 36e5) * 3600);
}

/**
 * The items of the visible range; where they are too narrow, the most frequent emotion of each stretch, from the first to
 * the last time at which anybody speaks in it.
 * @template {Coloured} Item
 * @param {Item[]} items sorted and apart
 * @param {Visible} visible
 * @returns {(Item | Coloured)[]}
 */
export function coarsen(items, { start, end, msPerPixel }) {
  const [first, last] = findOverlapping(items, start, end);
  const shown = items.slice(first, last);
  const narrow = shown.filter((item) => item.end_ms - item.start_ms < LEAST_PX * msPerPixel).length;
  if (narrow < shown.length / 4) return shown;
  const length = stretchLength(msPerPixel);
  /** @type {Coloured[]} */
  const coarse = [];
  let place = 0;
  for (let from = Math.floor(start / length) * length; from < end && place < shown.length; from += length) {
    const stretch = summarise(shown, place, from, from + length);
    while (place < shown.length && shown[place].end_ms <= from + length) place++;
    if (!stretch) continue;
    const previous = coarse.at(-1);
    if (previous?.emotion === stretch.emotion && stretch.start_ms - previous.end_ms < length / 2) previous.end_ms = stretch.end_ms;
    else coarse.push(stretch);
  }
  return coarse;
}

/**
 * The most frequent emotion of the items in [from, to), or null where there is none.
 * @param {Coloured[]} items
 * @param {number} place of the first item that may lie in it
 * @param {number} from
 * @param {number} to
 * @returns {Coloured | null}
 */
function summarise(items, place, from, to) {
  /** @type {Record<string, number>} */
  const spoken = {};
  let [start, end] = [to, from];
  for (let i = place; i < items.length && items[i].start_ms < to; i++) {
    const { start_ms, end_ms, emotion } = items[i];
    if (end_ms <= from) continue;
    start = Math.min(start, Math.max(start_ms, from));
    end = Math.max(end, Math.min(end_ms, to));
    spoken[emotion] = (spoken[emotion] ?? 0) + Math.min(end_ms, to) - Math.max(start_ms, from);
  }
  const [emotion] = Object.entries(spoken).sort(([, a], [, b]) => b - a)[0] ?? [];
  return emotion === undefined ? null : { start_ms: start, end_ms: end, emotion };
}
