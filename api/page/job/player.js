/** Plays a recording segment by segment; between them it is silent and the cursor leaps. */
import { ask } from "../api.js";
import { h } from "../element.js";
import { meeting } from "../timeline/axis.js";

const KEPT = 12;

/** Says `move` when the position changed, `change` when it began or stopped to play, `failed` with `problem` set. */
export class Player extends EventTarget {
  /** @param {any[]} segments of all channels, by their start */
  constructor(jobId, segments, signal) {
    super();
    this.jobId = jobId;
    this.segments = segments;
    this.sounds = new Map();
    this.audio = h("audio", { hidden: true });
    this.place = -1;
    this.position = 0;
    this.problem = "";
    this.audio.addEventListener("ended", () => this.next());
    for (const name of ["play", "pause"]) this.audio.addEventListener(name, () => this.tell("change"));
    this.audio.addEventListener("play", () => this.run());
    signal.addEventListener("abort", () => {
      this.audio.pause();
      this.sounds.forEach((sound) => sound.then(URL.revokeObjectURL, () => {}));
    });
  }

  get playing() {
    return !this.audio.paused;
  }

  /** The segment that is being played. */
  get current() {
    return this.playing ? this.segments[this.place] : null;
  }

  tell(name) {
    this.dispatchEvent(new Event(name));
  }

  /** Plays from a time: within the segment there, rather one of `channel`, or from the next one on. */
  playAt(ms, channel) {
    const held = this.segments.findIndex((it) => it.start_ms <= ms && it.end_ms > ms && (channel ?? it.channel) === it.channel);
    const place = held >= 0 ? held : this.segments.findIndex((it) => it.end_ms > ms);
    if (place >= 0) this.play(place, ms);
  }

  /** Plays the segment at a place of the list, from its start or a time within it. */
  async play(place, ms = 0) {
    const segment = this.segments[place];
    const offset = Math.max(ms - segment.start_ms, 0);
    this.audio.pause();
    this.place = place;
    this.position = segment.start_ms + offset;
    this.problem = "";
    this.tell("move");
    try {
      const url = await this.sound(segment);
      if (this.place !== place) return;
      this.audio.src = url;
      this.audio.currentTime = offset / 1000;
      await this.audio.play();
      if (this.segments[place + 1]) this.sound(this.segments[place + 1]).catch(() => {});
    } catch (error) {
      if (error.name === "AbortError" || this.place !== place) return;
      this.problem = error.message;
      this.tell("failed");
    }
  }

  /** The segment's sound as a blob's URL, of which the last few are kept. */
  sound({ index }) {
    if (!this.sounds.has(index)) {
      const path = `/v1/jobs/${this.jobId}/segments/${index}/audio?redirect=false`;
      const sound = ask(path).then((answer) => answer.blob()).then(URL.createObjectURL);
      sound.catch(() => this.sounds.delete(index));
      this.sounds.set(index, sound);
      this.forget();
    }
    return this.sounds.get(index);
  }

  forget() {
    for (const [index, sound] of this.sounds) {
      if (this.sounds.size <= KEPT) return;
      this.sounds.delete(index);
      sound.then(URL.revokeObjectURL, () => {});
    }
  }

  next() {
    if (this.segments[this.place + 1]) this.play(this.place + 1);
    else this.tell("change");
  }

  step(by) {
    const here = this.place >= 0 ? this.place : meeting(this.segments, this.position, Infinity)[0] - Math.max(by, 0);
    const place = Math.min(Math.max(here + by, 0), this.segments.length - 1);
    if (this.segments[place]) this.play(place);
  }

  toggle() {
    if (this.playing) this.audio.pause();
    else this.playAt(this.position);
  }

  /** Moves the cursor; what plays goes on from there. */
  seek(ms) {
    const { current } = this;
    this.position = ms;
    if (current && current.start_ms <= ms && ms < current.end_ms) this.audio.currentTime = (ms - current.start_ms) / 1000;
    else if (current) this.playAt(ms);
    this.tell("move");
  }

  run() {
    if (!this.playing) return;
    this.position = this.segments[this.place].start_ms + this.audio.currentTime * 1000;
    this.tell("move");
    requestAnimationFrame(() => this.run());
  }
}
