/** Waveforms: the least and the greatest sample of each column of pixels. */
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
    this.loudest ??= new Map();
    if (!this.loudest.has(channel)) {
      const own = this.whole.channels.find((it) => it.channel === channel);
      const most = own.max.reduce((high, value, i) => Math.max(high, value, -own.min[i]), 0);
      this.loudest.set(channel, Math.max(most, 0.05));
    }
    return this.loudest.get(channel);
  }
}

/** Draws peaks into the columns of a lane, each in the colour that `colours` has for it. */
export function drawPeaks(context, axis, peaks, height, { middle, half }, colours) {
  const perMs = peaks.max.length / (peaks.end_ms - peaks.start_ms);
  const scale = half / height;
  for (let column = 0; column < colours.length; column++) {
    const x = axis.left + column;
    const first = Math.floor((axis.ms(x) - peaks.start_ms) * perMs);
    const last = Math.max(first + 1, Math.ceil((axis.ms(x + 1) - peaks.start_ms) * perMs));
    let [low, high] = [0, 0];
    for (let i = Math.max(first, 0); i < last && i < peaks.max.length; i++) {
      low = Math.min(low, peaks.min[i]);
      high = Math.max(high, peaks.max[i]);
    }
    context.fillStyle = colours[column];
    context.fillRect(x, middle - high * scale, 1, Math.max((high - low) * scale, 1));
  }
}
