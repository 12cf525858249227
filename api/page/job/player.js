/** Plays a recording segment by segment; the cursor leaps over the silence between them. */
import { isAborted, messageOf, request } from "../api.js";
import { h } from "../dom.js";
import { findFirst } from "../timeline/axis.js";

/** @typedef {import("../api.js").Segment} Segment */

const MAX_SOUNDS = 12;

/** Sends `move` when the position has changed, `change` when playing begins or stops, `failed` with `problem` set. */
export class Player extends EventTarget {
  /**
   * @param {string} jobId
   * @param {Segment[]} segments of all channels, by their start
   * @param {AbortSignal} signal stops it
   */
  constructor(jobId, segments, signal) {
    super();
    this.jobId = jobId;
    this.segments = segments;
    /** URLs of segments' sounds, by the index of the segment. @type {Map<number, Promise<string>>} */
    this.sounds = new Map();
    this.audio = h("audio", { hidden: true });
    /** The place in `segments` of the segment that was played last, or -1. */
    this.place = -1;
    /** The time in the recording, in ms. */
    this.position = 0;
    this.problem = "";
    this.audio.addEventListener("ended", () => {
      if (this.segments[this.place + 1]) this.play(this.place + 1);
      else this.send("change");
    });
    for (const name of ["play", "pause"]) this.audio.addEventListener(name, () => this.send("change"));
    this.audio.addEventListener("play", () => this.trackPosition());
    signal.addEventListener("abort", () => {
      this.audio.pause();
      this.sounds.forEach((sound) => sound.then(URL.revokeObjectURL, () => {}));
    });
  }

  get isPlaying() {
    return !this.audio.paused;
  }

  /** The segment that is being played. */
  get current() {
    return this.isPlaying ? this.segments[this.place] : null;
  }

  /** @param {string} name of an event */
  send(name) {
    this.dispatchEvent(new Event(name));
  }

  /**
   * Play from a time: within the segment that holds it, if one of `channel` does, or from the next segment on.
   * @param {number} ms
   * @param {number} [channel] any channel if it is left out
   */
  playAt(ms, channel) {
    const holding = this.segments.findIndex((segment) =>
      segment.start_ms <= ms && segment.end_ms > ms && (channel ?? segment.channel) === segment.channel);
    const place = holding >= 0 ? holding : this.segments.findIndex((segment) => segment.end_ms > ms);
    if (place >= 0) this.play(place, ms);
  }

  /**
   * Play the segment at a place of the list.
   * @param {number} place
   * @param {number} [ms] the time to begin at, if it lies within the segment
   */
  async play(place, ms = 0) {
    const segment = this.segments[place];
    const offset = Math.max(ms - segment.start_ms, 0);
    this.audio.pause();
    this.place = place;
    this.position = segment.start_ms + offset;
    this.problem = "";
    this.send("move");
    try {
      const url = await this.loadSound(segment);
      if (this.place !== place) return;
      this.audio.src = url;
      this.audio.currentTime = offset / 1000;
      await this.audio.play();
      if (this.segments[place + 1]) this.loadSound(this.segments[place + 1]).catch(() => {});
    } catch (error) {
      if (isAborted(error) || this.place !== place) return;
      this.problem = messageOf(error);
      this.send("failed");
    }
  }

  /**
   * Fetch a segment's sound as a blob's URL. The last `MAX_SOUNDS` are cached.
   * @param {Segment} segment
   * @returns {Promise<string>}
   */
  loadSound({ index }) {
    const cached = this.sounds.get(index);
    if (cached) return cached;
    const sound = request(`/v1/jobs/${this.jobId}/segments/${index}/audio`)
      .then((response) => response.blob()).then(URL.createObjectURL);
    sound.catch(() => this.sounds.delete(index));
    this.sounds.set(index, sound);
    for (const [oldIndex, oldSound] of this.sounds) {
      if (this.sounds.size <= MAX_SOUNDS) break;
      this.sounds.delete(oldIndex);
      oldSound.then(URL.revokeObjectURL, () => {});
    }
    return sound;
  }

  /**
   * Play a segment before or after the one that was played last, or else before or after the position.
   * @param {number} by 1 for the next, -1 for the one before
   */
  step(by) {
    const from = this.place >= 0
      ? this.place
      : findFirst(this.segments, (segment) => segment.end_ms > this.position) - Math.max(by, 0);
    const place = Math.min(Math.max(from + by, 0), this.segments.length - 1);
    if (this.segments[place]) this.play(place);
  }

  toggle() {
    if (this.isPlaying) this.audio.pause();
    else this.playAt(this.position);
  }

  /**
   * Move the cursor; playing goes on from there.
   * @param {number} ms
   */
  seek(ms) {
    const { current } = this;
    this.position = ms;
    if (current && current.start_ms <= ms && ms < current.end_ms) this.audio.currentTime = (ms - current.start_ms) / 1000;
    else if (current) this.playAt(ms);
    this.send("move");
  }

  /** Follow the sound with each frame of the screen while it plays. */
  trackPosition() {
    if (!this.isPlaying) return;
    this.position = this.segments[this.place].start_ms + this.audio.currentTime * 1000;
    this.send("move");
    requestAnimationFrame(() => this.trackPosition());
  }
}
