/** The one axis of time that everything drawn shares: the visible range of the recording, and its place on the screen. */

const MIN_SPAN_MS = 500;

/** Sends `change` when the visible range has changed. */
export class Axis extends EventTarget {
  /** @param {number} duration of the recording, in ms */
  constructor(duration) {
    super();
    this.duration = Math.max(duration, MIN_SPAN_MS);
    this.start = 0;
    this.end = this.duration;
    /** The pixels that the visible range lies on. */
    this.left = 0;
    this.width = 1;
  }

  /**
   * Lay the visible range over the pixels from `left` on.
   * @param {number} left
   * @param {number} width
   */
  setPixels(left, width) {
    this.left = left;
    this.width = Math.max(width, 1);
  }

  /** The length of the visible range, in ms. */
  get span() {
    return this.end - this.start;
  }

  get msPerPixel() {
    return this.span / this.width;
  }

  /**
   * The pixel of a time.
   * @param {number} ms
   */
  toPixel(ms) {
    return this.left + (ms - this.start) / this.msPerPixel;
  }

  /**
   * The time of a pixel, in ms.
   * @param {number} x
   */
  toMs(x) {
    return this.start + (x - this.left) * this.msPerPixel;
  }

  /**
   * Show `span` ms from `start` on, as far as the recording goes.
   * @param {number} start
   * @param {number} [span]
   * @returns {boolean} true if the visible range has changed
   */
  show(start, span = this.span) {
    const length = Math.min(Math.max(span, MIN_SPAN_MS), this.duration);
    const first = Math.min(Math.max(start, 0), this.duration - length);
    if (first === this.start && first + length === this.end) return false;
    this.start = first;
    this.end = first + length;
    this.dispatchEvent(new Event("change"));
    return true;
  }

  /** @param {number} ms */
  pan(ms) {
    return this.show(this.start + ms);
  }

  /**
   * Show more or less around a time, which stays at its pixel.
   * @param {number} factor of the span
   * @param {number} [around] in ms
   */
  zoom(factor, around = this.start + this.span / 2) {
    const span = Math.min(Math.max(this.span * factor, MIN_SPAN_MS), this.duration);
    return this.show(around - (around - this.start) * (span / this.span), span);
  }

  /** Show the whole recording. */
  fit() {
    return this.show(0, this.duration);
  }

  /**
   * Move as little as is needed to have a time well within the visible range.
   * @param {number} ms
   */
  reveal(ms) {
    if (ms < this.start || ms > this.end - this.span * 0.05) this.show(ms - this.span * 0.15);
  }
}

/** @typedef {{start_ms: number, end_ms: number}} Range a segment, or an entry of the timeline */

/**
 * Find the ranges that overlap [from, to), among ranges that are sorted and apart.
 * @param {Range[]} ranges
 * @param {number} from
 * @param {number} to
 * @returns {[number, number]} the first index, and the one after the last
 */
export function findOverlapping(ranges, from, to) {
  return [findFirst(ranges, (range) => range.end_ms > from), findFirst(ranges, (range) => range.start_ms >= to)];
}

/**
 * Find the range that holds a time, among ranges that are sorted and apart.
 * @template {Range} R
 * @param {R[]} ranges
 * @param {number} ms
 * @returns {R | null}
 */
export function findAt(ranges, ms) {
  const range = ranges[findFirst(ranges, ({ end_ms }) => end_ms > ms)];
  return range && range.start_ms <= ms ? range : null;
}

/**
 * Find the first item with a property that all later items have too; the array's length if there is none.
 * @template T
 * @param {T[]} items
 * @param {(item: T) => boolean} test
 */
export function findFirst(items, test) {
  let [low, high] = [0, items.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (test(items[middle])) high = middle;
    else low = middle + 1;
  }
  return low;
}
