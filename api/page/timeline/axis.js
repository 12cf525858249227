/** The one axis of time that everything drawn shares: what stretch of the recording is shown, and where it lies. */

const SHORTEST_MS = 500;

export class Axis extends EventTarget {
  /** @param {number} duration of the recording, in ms */
  constructor(duration) {
    super();
    this.duration = Math.max(duration, SHORTEST_MS);
    this.start = 0;
    this.end = this.duration;
    this.left = 0;
    this.width = 1;
  }

  /** Lays the shown stretch over the pixels from `left` on. */
  place(left, width) {
    this.left = left;
    this.width = Math.max(width, 1);
  }

  get span() {
    return this.end - this.start;
  }

  get msPerPixel() {
    return this.span / this.width;
  }

  /** The pixel of a time. */
  x(ms) {
    return this.left + (ms - this.start) / this.msPerPixel;
  }

  /** The time of a pixel. */
  ms(x) {
    return this.start + (x - this.left) * this.msPerPixel;
  }

  /** Shows from `start` on, `span` ms, as far as the recording goes. Tells whether anything changed. */
  show(start, span = this.span) {
    const length = Math.min(Math.max(span, SHORTEST_MS), this.duration);
    const first = Math.min(Math.max(start, 0), this.duration - length);
    if (first === this.start && first + length === this.end) return false;
    this.start = first;
    this.end = first + length;
    this.dispatchEvent(new Event("change"));
    return true;
  }

  pan(ms) {
    return this.show(this.start + ms);
  }

  /** Shows more or less around a time, which stays where it is. */
  zoom(factor, around = this.start + this.span / 2) {
    const span = Math.min(Math.max(this.span * factor, SHORTEST_MS), this.duration);
    return this.show(around - (around - this.start) * (span / this.span), span);
  }

  fit() {
    return this.show(0, this.duration);
  }

  /** Moves as little as is needed to have a time well within sight. */
  reveal(ms) {
    if (ms < this.start || ms > this.end - this.span * 0.05) this.show(ms - this.span * 0.15);
  }
}

/** The stretches of `items`, sorted and apart, that meet [from, to): `[first, last)` of their indices. */
export function meeting(items, from, to) {
  return [after(items, (item) => item.end_ms > from), after(items, (item) => item.start_ms >= to)];
}

/** The item that holds a time, if any. */
export function at(items, ms) {
  const item = items[after(items, (it) => it.end_ms > ms)];
  return item && item.start_ms <= ms ? item : null;
}

function after(items, is) {
  let [low, high] = [0, items.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (is(items[middle])) high = middle;
    else low = middle + 1;
  }
  return low;
}
