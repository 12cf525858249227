/** Waveforms: the lowest and the highest sample of each short stretch. */
import { getWaveform } from "../api.js";
import { RangeLoader } from "./range-loader.js";

/** @typedef {import("../api.js").Schemas["WaveformDocument"]} WaveformDocument */
/** @typedef {{start_ms: number, end_ms: number, min: number[], max: number[]}} Peaks samples from -1 to 1, evenly over the range */

const OVERVIEW_POINTS = 4000;
const MAX_POINTS = 20_000;

/** The peaks of a job: the whole recording roughly, and the visible range finely; none if the job has none. */
export class Waveform {
  /**
   * @param {string} jobId
   * @param {() => void} onLoad called when new peaks can be drawn
   * @param {AbortSignal} signal
   */
  constructor(jobId, onLoad, signal) {
    /** @type {WaveformDocument | null} */
    this.overview = null;
    /** @type {RangeLoader<WaveformDocument>} */
    this.loader = new RangeLoader(({ start, end, msPerPixel }, abort) => {
      const points = Math.min(Math.ceil((end - start) / msPerPixel), MAX_POINTS);
      const query = { start_ms: String(Math.floor(start)), end_ms: String(Math.ceil(end)), points: String(points) };
      return getWaveform(jobId, new URLSearchParams(query), abort);
    }, onLoad);
    getWaveform(jobId, new URLSearchParams({ points: String(OVERVIEW_POINTS) }), signal).then((overview) => {
      this.overview = overview;
      onLoad();
    }, () => {});  // jobs of versions without waveforms have none
    signal.addEventListener("abort", () => this.loader.stop());
    /** @type {Map<number, number>} */
    this.amplitudes = new Map();
  }

  /**
   * The peaks of a channel for the visible range, or null.
   * @param {number} channel
   * @param {import("./axis.js").Axis} axis
   * @returns {Peaks | null}
   */
  get(channel, axis) {
    if (!this.overview) return null;
    const { start_ms, end_ms, channels } = this.overview;
    const overviewMsPerPoint = (end_ms - start_ms) / (channels[0]?.max.length || 1);
    const waveform = (overviewMsPerPoint > axis.msPerPixel && this.loader.get(axis)) || this.overview;
    const peaks = waveform.channels.find((candidate) => candidate.channel === channel);
    return peaks ? { start_ms: waveform.start_ms, end_ms: waveform.end_ms, min: peaks.min, max: peaks.max } : null;
  }

  /**
   * The amplitude that is drawn at full height: a channel's highest, so that quiet voices are seen too.
   * @param {number} channel
   */
  amplitude(channel) {
    if (!this.overview) return 1;
    let amplitude = this.amplitudes.get(channel);
    if (amplitude === undefined) {
      const peaks = this.overview.channels.find((candidate) => candidate.channel === channel);
      amplitude = peaks ? peaks.max.reduce((highest, value, i) => Math.max(highest, value, -peaks.min[i]), 0.05) : 0.05;
      this.amplitudes.set(channel, amplitude);
    }
    return amplitude;
  }
}
