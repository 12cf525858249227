/**
 * The sounds of the segments, each played at its time and several at once: for recordings that a browser does not play, or
 * that hold channels which nobody may hear. Between them it is silent.
 */
import { request } from "../api.js";
import { findOverlapping } from "../timeline/axis.js";

/** @typedef {import("./player.js").Sound} Sound */
/** @typedef {import("../api.js").Segment} Segment */

const AHEAD_MS = 8000;
const MAX_SOUNDS = 24;
const TICK_MS = 50;
/** A sound that is this far from the clock is set right. */
const DRIFT_MS = 80;

/** @implements {Sound} */
export class SegmentSounds extends EventTarget {
  /**
   * @param {string} jobId
   * @param {Segment[]} segments
   * @param {number} duration in ms
   */
  constructor(jobId, segments, duration) {
    super();
    this.jobId = jobId;
    const channels = [...new Set(segments.map(({ channel }) => channel))];
    this.lanes = channels.map((channel) => segments.filter((segment) => segment.channel === channel));
    this.duration = duration;
    /** The sounds by the index of their segment; null while one is fetched. @type {Map<number, HTMLAudioElement | null>} */
    this.sounds = new Map();
    this.isPlaying = false;
    this.position = 0;
    this.rate = 1;
    this.volume = 1;
    /** @type {Set<number>} */
    this.muted = new Set();
    this.timer = 0;
    this.then = 0;
  }

  /** The segments that are heard from `from` to `to`. @param {number} from @param {number} to */
  segmentsIn(from, to) {
    return this.lanes.flatMap((lane) => lane.slice(...findOverlapping(lane, from, to)));
  }

  /** @param {number} ms */
  async play(ms) {
    this.pauseSounds();
    this.position = ms >= this.duration ? 0 : ms;
    await Promise.all(this.segmentsIn(this.position, this.position + 1).map((segment) => this.load(segment)));
    this.isPlaying = true;
    this.then = performance.now();
    clearInterval(this.timer);
    this.timer = setInterval(() => this.tick(), TICK_MS);
    this.tick();
    this.dispatchEvent(new Event("change"));
  }

  pause() {
    if (!this.isPlaying) return;
    this.isPlaying = false;
    clearInterval(this.timer);
    this.pauseSounds();
    this.dispatchEvent(new Event("change"));
  }

  /** @param {number} ms */
  seek(ms) {
    this.pauseSounds();
    this.position = ms;
  }

  /** Go on by the time that has passed, and have heard whatever lies there; the clock waits for sounds that are not here. */
  tick() {
    const now = performance.now();
    const present = this.segmentsIn(this.position, this.position + 1);
    const isWaiting = present.some(({ index }) => !this.sounds.get(index));
    if (!isWaiting) this.position += (now - this.then) * this.rate;
    this.then = now;
    for (const segment of this.segmentsIn(this.position, this.position + AHEAD_MS)) {
      if (!this.sounds.has(segment.index)) this.load(segment).catch(() => this.dispatchEvent(new Event("failed")));
    }
    for (const segment of present) this.sound(segment, isWaiting);
    if (this.position >= this.duration) this.pause();
  }

  /** @param {Segment} segment @param {boolean} isWaiting */
  sound({ index, channel, start_ms, end_ms }, isWaiting) {
    const audio = this.sounds.get(index);
    if (!audio) return;
    if (isWaiting || this.position >= end_ms) {
      audio.pause();
      return;
    }
    const offset = this.position - start_ms;
    audio.volume = this.volume;
    audio.muted = this.muted.has(channel);
    audio.playbackRate = this.rate;
    if (Math.abs(audio.currentTime * 1000 - offset) > DRIFT_MS) audio.currentTime = offset / 1000;
    if (audio.paused && !audio.ended) audio.play().catch(() => {});
  }

  /** Fetch the sound of a segment; the last `MAX_SOUNDS` are kept. @param {Segment} segment */
  async load({ index }) {
    if (this.sounds.get(index)) return;
    this.sounds.set(index, null);
    try {
      const response = await request(`/v1/jobs/${this.jobId}/segments/${index}/audio`);
      this.sounds.set(index, new Audio(URL.createObjectURL(await response.blob())));
    } catch (error) {
      this.sounds.delete(index);
      throw error;
    }
    for (const [oldIndex, audio] of this.sounds) {
      if (this.sounds.size <= MAX_SOUNDS) break;
      if (audio) this.forget(oldIndex, audio);
    }
  }

  /** @param {number} index @param {HTMLAudioElement} audio */
  forget(index, audio) {
    this.sounds.delete(index);
    audio.pause();
    URL.revokeObjectURL(audio.src);
  }

  pauseSounds() {
    for (const audio of this.sounds.values()) audio?.pause();
  }

  /** @param {number} rate */
  setRate(rate) {
    this.rate = rate;
  }

  /** @param {number} volume from 0 to 1 */
  setVolume(volume) {
    this.volume = volume;
  }

  /** @param {Set<number>} muted */
  setMuted(muted) {
    this.muted = muted;
  }

  close() {
    this.pause();
    for (const [index, audio] of this.sounds) if (audio) this.forget(index, audio);
  }
}
