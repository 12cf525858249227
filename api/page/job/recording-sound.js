/** The sound of a whole recording, as the service has it: all channels, and the pauses too. */
import { h } from "../dom.js";

/** @typedef {import("./player.js").Sound} Sound */

/** @implements {Sound} */
export class RecordingSound extends EventTarget {
  /** @param {string} url of the recording */
  constructor(url) {
    super();
    this.audio = h("audio", { hidden: true, preload: "auto", src: url });
    /** @type {GainNode[][] | null} how loud each channel is heard on each side, once one was muted */
    this.gains = null;
    for (const name of ["play", "pause", "ended"]) this.audio.addEventListener(name, () => this.dispatchEvent(new Event("change")));
    this.audio.addEventListener("error", () => this.dispatchEvent(new Event("failed")));
  }

  get isPlaying() {
    return !this.audio.paused && !this.audio.ended;
  }

  get position() {
    return this.audio.currentTime * 1000;
  }

  /** @param {number} ms */
  async play(ms) {
    if (Math.abs(ms - this.position) > 20) this.audio.currentTime = ms / 1000;
    await this.audio.play();
  }

  pause() {
    this.audio.pause();
  }

  /** @param {number} ms */
  seek(ms) {
    this.audio.currentTime = ms / 1000;
  }

  /** @param {number} rate */
  setRate(rate) {
    this.audio.playbackRate = rate;
  }

  /** @param {number} volume from 0 to 1 */
  setVolume(volume) {
    this.audio.volume = volume;
  }

  /** @param {Set<number>} muted channels, left 0 and right 1: the other one is then heard on both sides */
  setMuted(muted) {
    if (!muted.size && !this.gains) return;
    this.gains ??= this.connectGains();
    this.gains.forEach((sides, channel) => sides.forEach((gain, side) => {
      gain.gain.value = !muted.has(channel) && (channel === side || muted.has(side)) ? 1 : 0;
    }));
  }

  /** Lead the sound over a gain from each channel to each side. */
  connectGains() {
    const context = new AudioContext();
    const [splitter, merger] = [context.createChannelSplitter(2), context.createChannelMerger(2)];
    context.createMediaElementSource(this.audio).connect(splitter);
    merger.connect(context.destination);
    this.context = context;
    return [0, 1].map((channel) => [0, 1].map((side) => {
      const gain = context.createGain();
      splitter.connect(gain, channel);
      gain.connect(merger, 0, side);
      return gain;
    }));
  }

  close() {
    this.audio.pause();
    this.audio.removeAttribute("src");
    this.audio.load();
    this.context?.close();
  }
}
