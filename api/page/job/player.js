/** Plays a recording: as the service has it where browsers play that, and else the sounds of its segments at their times. */
import { ApiError, getAudioLink, isAborted, messageOf } from "../api.js";
import { h } from "../dom.js";
import { RecordingSound } from "./recording-sound.js";
import { SegmentSounds } from "./segment-sounds.js";

/** @typedef {import("../api.js").Segment} Segment */
/**
 * What is heard. Sends `change` when playing begins or stops, and `failed`.
 * @typedef {EventTarget & {isPlaying: boolean, position: number, play: (ms: number) => Promise<void>, pause: () => void,
 *   seek: (ms: number) => void, setRate: (rate: number) => void, setVolume: (volume: number) => void,
 *   setMuted: (muted: Set<number>) => void, close: () => void}} Sound
 */

export const RATES = [0.5, 0.75, 1, 1.25, 1.5, 2];
const COPY_PENDING = "audio_copy_pending";
/** Answers with which the segments are played instead. */
const PLAY_SEGMENTS = ["audio_not_playable", "audio_withheld", "result_not_ready", COPY_PENDING];
const COPY_POLL_MS = 2000;

/** Sends `move` when the position has changed, `change` when anything else has, `failed` with `problem` set. */
export class Player extends EventTarget {
  /**
   * @param {string} jobId
   * @param {Segment[]} segments of all channels, by their start
   * @param {number} duration of the recording, in ms
   * @param {AbortSignal} signal stops it
   */
  constructor(jobId, segments, duration, signal) {
    super();
    this.jobId = jobId;
    this.segments = segments;
    this.duration = duration;
    /** The channels that can be muted: speakers share the one of their recording. */
    this.channels = [...new Set(segments.filter(({ speaker }) => speaker === null).map(({ channel }) => channel))].sort((a, b) => a - b);
    /** The place in `segments` of the segment that was chosen or heard last, or -1. */
    this.place = -1;
    /** The time in the recording, in ms. */
    this.position = 0;
    /** The time at which playing stops by itself, or null. @type {number | null} */
    this.end = null;
    this.rate = 1;
    this.volume = 1;
    /** @type {Set<number>} */
    this.muted = new Set();
    this.problem = "";
    /** Whether the segments are played instead of the recording. */
    this.playsSegments = false;
    /** Whether that is until a copy of the recording is made that browsers play. */
    this.awaitsCopy = false;
    /** Where the element that plays is. */
    this.element = h("div", { hidden: true });
    this.signal = signal;
    /** @type {Sound | null} */
    this.sound = null;
    /** @type {Promise<Sound> | null} */
    this.opening = null;
    signal.addEventListener("abort", () => this.sound?.close());
  }

  get isPlaying() {
    return this.sound?.isPlaying ?? false;
  }

  /** Whether a segment is being heard. @param {Segment} segment */
  isHeard({ start_ms, end_ms, channel }) {
    return this.isPlaying && start_ms <= this.position && this.position < end_ms && !this.muted.has(channel);
  }

  /** @param {string} name of an event */
  send(name) {
    this.dispatchEvent(new Event(name));
  }

  /** Find out once what can be played. */
  open() {
    this.opening ??= this.openSound().catch((error) => {
      this.opening = null;
      throw error;
    });
    return this.opening;
  }

  /** @returns {Promise<Sound>} */
  async openSound() {
    try {
      return this.useRecording((await getAudioLink(this.jobId, this.signal)).url);
    } catch (error) {
      if (!(error instanceof ApiError && PLAY_SEGMENTS.includes(error.code))) throw error;
      if (error.code === COPY_PENDING) this.awaitCopy();
      return this.useSegments();
    }
  }

  /** @param {string} url */
  useRecording(url) {
    const recording = new RecordingSound(url);
    this.element.replaceChildren(recording.audio);
    recording.addEventListener("failed", () => this.playSegments());
    this.playsSegments = false;
    return this.useSound(recording);
  }

  /** Go on with the copy of the recording in place of the segments, as soon as it is made. */
  async awaitCopy() {
    this.awaitsCopy = true;
    while (this.awaitsCopy) {
      await new Promise((resolve) => setTimeout(resolve, COPY_POLL_MS));
      if (this.signal.aborted) return;
      try {
        const { url } = await getAudioLink(this.jobId, this.signal);
        const { isPlaying, end } = this;
        this.sound?.close();
        this.opening = Promise.resolve(this.useRecording(url));
        this.awaitsCopy = false;
        if (isPlaying) this.playAt(this.position).then(() => (this.end = end));
      } catch (error) {
        this.awaitsCopy = error instanceof ApiError && error.code === COPY_PENDING;
      }
    }
    this.send("change");
  }

  useSegments() {
    this.playsSegments = true;
    return this.useSound(new SegmentSounds(this.jobId, this.segments, this.duration));
  }

  /** Go on with the segments: this browser does not play the recording after all. */
  playSegments() {
    const wasAsked = this.opening !== null && this.place >= 0;
    this.sound?.close();
    this.opening = Promise.resolve(this.useSegments());
    if (wasAsked) this.playAt(this.position);
  }

  /** @param {Sound} sound */
  useSound(sound) {
    if (this.signal.aborted) sound.close();
    this.sound = sound;
    sound.setRate(this.rate);
    sound.setVolume(this.volume);
    sound.addEventListener("change", () => {
      this.send("change");
      this.trackPosition();
    });
    if (sound instanceof SegmentSounds) {
      sound.addEventListener("failed", () => this.fail(new Error("")));
      sound.setMuted(this.muted);
    }
    return sound;
  }

  /**
   * Play from a time on.
   * @param {number} ms
   */
  async playAt(ms) {
    this.end = null;
    this.position = ms;
    this.place = this.placeAt(ms) ?? this.place;
    this.problem = "";
    this.send("move");
    try {
      const sound = await this.open();
      sound.setMuted(this.muted);
      await sound.play(this.position);
    } catch (error) {
      this.fail(error);
    }
  }

  /** @param {unknown} error */
  fail(error) {
    if (isAborted(error) || this.signal.aborted) return;
    this.problem = messageOf(error);
    this.send("failed");
  }

  /**
   * Play from the beginning of a segment on.
   * @param {number} place of the segment in `segments`
   */
  async play(place) {
    const played = this.playAt(this.segments[place].start_ms);
    this.place = place;
    this.send("change");
    await played;
  }

  /**
   * Play a segment and no further, so that it stays the chosen one however short it is.
   * @param {number} place of the segment in `segments`
   */
  async playAlone(place) {
    const played = this.play(place);
    this.end = this.segments[place].end_ms;
    await played;
  }

  /** The place of the segment at a time that began last, or null. @param {number} ms */
  placeAt(ms) {
    let place = null;
    for (let i = 0; i < this.segments.length && this.segments[i].start_ms <= ms; i++) if (this.segments[i].end_ms > ms) place = i;
    return place;
  }

  /**
   * Play a segment before or after the one that was heard last, or else before or after the position.
   * @param {number} by 1 for the next, -1 for the one before
   */
  step(by) {
    const after = this.segments.findIndex((segment) => segment.end_ms > this.position);
    const place = this.place >= 0 ? this.place + by : after + Math.min(by, 0);
    if (this.segments.length) this.play(Math.min(Math.max(place, 0), this.segments.length - 1));
  }

  toggle() {
    if (this.isPlaying) this.sound?.pause();
    else this.playAt(this.position >= this.duration - 50 ? 0 : this.position);
  }

  /**
   * Move the cursor; playing goes on from there.
   * @param {number} ms
   */
  seek(ms) {
    this.end = null;
    this.position = Math.min(Math.max(ms, 0), this.duration);
    this.place = this.placeAt(this.position) ?? this.place;
    if (this.isPlaying) this.sound?.play(this.position);
    this.send("move");
  }

  /** @param {number} rate */
  setRate(rate) {
    this.rate = rate;
    this.sound?.setRate(rate);
    this.send("change");
  }

  /** @param {number} by steps in `RATES` */
  changeRate(by) {
    const place = RATES.indexOf(this.rate) + by;
    this.setRate(RATES[Math.min(Math.max(place, 0), RATES.length - 1)]);
  }

  /** @param {number} volume from 0 to 1 */
  setVolume(volume) {
    this.volume = Math.min(Math.max(volume, 0), 1);
    this.sound?.setVolume(this.volume);
    this.send("change");
  }

  /** @param {number} channel */
  toggleMute(channel) {
    if (!this.muted.delete(channel)) this.muted.add(channel);
    this.sound?.setMuted(this.muted);
    this.send("change");
  }

  /** Follow the sound with each frame of the screen while it plays. */
  trackPosition() {
    if (!this.sound?.isPlaying || this.isTracking) return;
    this.isTracking = true;
    requestAnimationFrame(() => {
      this.isTracking = false;
      if (!this.sound?.isPlaying) return;
      this.position = this.sound.position;
      const segment = this.segments[this.place];
      if (this.end !== null && this.position >= this.end) {
        this.end = null;
        this.sound.pause();
      } else if (!segment || this.position >= segment.end_ms) this.place = this.placeAt(this.position) ?? this.place;
      this.send("move");
      this.trackPosition();
    });
  }
}
