/** Time in stretches that a reader can see: where many items lie on a few pixels, one item stands for them. */
/** @typedef {import("./axis.js").Range} Range */
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
 * The items, or where most are too narrow, the most frequent emotion of each stretch, from the first to the last time at which
 * anybody speaks in it.
 * @template {Coloured} Item
 * @param {Item[]} items sorted and apart
 * @param {number} msPerPixel
 * @returns {(Item | Coloured)[]}
 */
export function coarsen(items, msPerPixel) {
  if (medianLength(items) >= LEAST_PX * msPerPixel) return items;
  const length = stretchLength(msPerPixel);
  /** @type {Coloured[]} */
  const coarse = [];
  let place = 0;
  while (place < items.length) {
    const last = coarse.at(-1)?.end_ms ?? 0;
    const from = Math.floor(Math.max(items[place].start_ms, last) / length) * length;
    const stretch = summarise(items, place, from, from + length);
    while (place < items.length && items[place].end_ms <= from + length) place++;
    if (!stretch) continue;
    const previous = coarse.at(-1);
    if (previous?.emotion === stretch.emotion && stretch.start_ms - previous.end_ms < length / 2) previous.end_ms = stretch.end_ms;
    else coarse.push(stretch);
  }
  return coarse;
}

/** Coarse items that are kept while the range moves and zooms a little: a long recording has tens of thousands of items. */
export class CoarseItems {
  constructor() {
    /** @type {Coloured[]} */
    this.items = [];
    this.length = 0;
    /** @type {Coloured[]} */
    this.coarse = [];
  }

  /**
   * The coarse items, as of `coarsen`.
   * @param {Coloured[]} items
   * @param {number} msPerPixel
   */
  get(items, msPerPixel) {
    const length = stretchLength(msPerPixel);
    if (items !== this.items || length !== this.length) {
      // By the length of the stretches, so that what is kept does not depend on the pixels it was asked for with.
      this.coarse = coarsen(items, length / LEAST_PX);
      this.items = items;
      this.length = length;
    }
    return this.coarse;
  }
}

/** @param {Range[]} items */
function medianLength(items) {
  const lengths = items.map(({ start_ms, end_ms }) => end_ms - start_ms).sort((a, b) => a - b);
  return lengths[lengths.length >> 1] ?? 0;
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
