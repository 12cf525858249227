/** Data of the visible range, fetched as finely as its pixels can show it. */

/** Requests wait until the range has not moved for this long. */
const DEBOUNCE_MS = 140;

/** @typedef {import("./axis.js").Axis} Axis */
/** @typedef {{start: number, end: number, msPerPixel: number}} Request in ms */

/** @template Data */
export class RangeLoader {
  /**
   * @param {(request: Request, signal: AbortSignal) => Promise<Data>} fetchRange
   * @param {() => void} onLoad called when new data can be drawn
   */
  constructor(fetchRange, onLoad) {
    this.fetchRange = fetchRange;
    this.onLoad = onLoad;
    /** @type {Request & {data: Data} | null} */
    this.loaded = null;
    /** @type {Request & {abort: AbortController} | null} */
    this.requested = null;
    this.timer = 0;
  }

  /**
   * The data of the visible range, or null; data as fine as the pixels is requested if it is not here.
   * @param {Axis} axis
   */
  get(axis) {
    const { start, end, msPerPixel } = axis;
    /** @param {Request | null} range */
    const covers = (range) => range !== null && range.start <= start && range.end >= end && range.msPerPixel <= msPerPixel * 1.5;
    if (!covers(this.loaded) && !covers(this.requested)) this.request(axis);
    return this.loaded && this.loaded.start <= start && this.loaded.end >= end ? this.loaded.data : null;
  }

  /**
   * Request the visible range, and as much again before and after it.
   * @param {Axis} axis
   */
  request({ start, end, span, duration, msPerPixel }) {
    this.stop();
    const range = { start: Math.max(0, start - span), end: Math.min(duration, end + span), msPerPixel };
    const abort = new AbortController();
    this.requested = { ...range, abort };
    this.timer = setTimeout(async () => {
      const data = await this.fetchRange(range, abort.signal).catch(() => null);
      if (abort.signal.aborted) return;
      if (data) this.loaded = { ...range, data };
      this.onLoad();
    }, DEBOUNCE_MS);
  }

  stop() {
    clearTimeout(this.timer);
    this.requested?.abort.abort();
    this.requested = null;
  }
}
