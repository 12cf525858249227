/** Waveforms: the least and the greatest sample of each short stretch, as the workers kept them. */
import { get } from "../api.js";
import { Detail } from "./detail.js";

const MOST_POINTS = 20_000;

/** The peaks of a job: all of it roughly, and finely what is shown; none for jobs that have none. */
export class Waveform {
  constructor(jobId, came, signal) {
    this.whole = null;
    this.fine = new Detail((start, end, msPerPixel, abort) => this.fetch(start, end, (end - start) / msPerPixel, abort), came);
    this.fetch = (start, end, points, abort) => {
      const query = { start_ms: Math.floor(start), end_ms: Math.ceil(end), points: Math.min(Math.ceil(points), MOST_POINTS) };
      return get(`/v1/jobs/${jobId}/waveform?${new URLSearchParams(query)}`, abort);
    };
    this.ready = get(`/v1/jobs/${jobId}/waveform?points=4000`, signal).then((whole) => {
      this.whole = whole;
      came();
    }, () => {});  // analysed before waveforms were kept
    signal.addEventListener("abort", () => this.fine.stop());
  }

  /** The peaks of a channel for the shown stretch: `{start_ms, end_ms, min, max}`, or null. */
  of(channel, axis) {
    if (!this.whole) return null;
    const rough = (this.whole.end_ms - this.whole.start_ms) / (this.whole.channels[0]?.max.length || 1);
    const from = (rough > axis.msPerPixel && this.fine.of(axis)) || this.whole;
    const own = from.channels.find((it) => it.channel === channel);
    return own ? { start_ms: from.start_ms, end_ms: from.end_ms, min: own.min, max: own.max } : null;
  }

  /** What the loudest place of a channel is drawn as high as: quiet voices are to be seen too. */
  height(channel) {
    if (!this.whole) return 1;
    this.loudest ??= new Map();
    if (!this.loudest.has(channel)) {
      const own = this.whole.channels.find((it) => it.channel === channel);
      const most = (own?.max ?? []).reduce((high, value, i) => Math.max(high, value, -own.min[i]), 0);
      this.loudest.set(channel, Math.max(most, 0.05));
    }
    return this.loudest.get(channel);
  }
}
