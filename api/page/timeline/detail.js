/** What is fetched of a recording for the stretch that is shown, as finely as its pixels can show it. */

const QUIET_MS = 140;

export class Detail {
  /**
   * @param {(start: number, end: number, msPerPixel: number, signal: AbortSignal) => Promise<any>} fetched what to fetch
   * @param {() => void} came called when something new can be drawn
   */
  constructor(fetched, came) {
    this.fetched = fetched;
    this.came = came;
    this.held = null;
    this.asked = null;
  }

  /** What there is for the shown stretch, or null; if it is not all that pixels can show, more will come. */
  of(axis) {
    const { start, end, msPerPixel } = axis;
    const covers = (part) => part && part.start <= start && part.end >= end && part.msPerPixel <= msPerPixel * 1.5;
    if (!covers(this.held) && !covers(this.asked)) this.ask(axis);
    return this.held && this.held.start <= start && this.held.end >= end ? this.held.data : null;
  }

  /** Asks for the stretch and as much again before and after it, once nothing has moved for a moment. */
  ask({ start, end, span, duration, msPerPixel }) {
    this.stop();
    const part = { start: Math.max(0, start - span), end: Math.min(duration, end + span), msPerPixel };
    const abort = new AbortController();
    this.asked = { ...part, abort };
    this.timer = setTimeout(async () => {
      const data = await this.fetched(part.start, part.end, msPerPixel, abort.signal).catch(() => null);
      if (abort.signal.aborted) return;
      if (data) this.held = { ...part, data };
      this.came();
    }, QUIET_MS);
  }

  stop() {
    clearTimeout(this.timer);
    this.asked?.abort.abort();
    this.asked = null;
  }
}
