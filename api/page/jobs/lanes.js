/** A call in miniature: a lane of emotions for each channel. Lanes are fetched when they come into sight. */
import { getLanes } from "../api.js";
import { context2d, h } from "../dom.js";
import { fillWithEmotion } from "../palette.js";
import { coarsen } from "../timeline/coarse.js";
import { resizeCanvas } from "../timeline/minimap.js";

/** @typedef {import("../api.js").Job} Job */

const WIDTH = 220;
const LANE_HEIGHT = 12;
const MAX_REQUESTS = 3;
/** Stretches for each pixel: finer is not seen. */
export const PER_PIXEL = 0.5;

export class LaneLoader {
  /** @param {AbortSignal} signal */
  constructor(signal) {
    this.signal = signal;
    /** The jobs whose lanes are in sight and not here. @type {Map<HTMLCanvasElement, Job>} */
    this.waiting = new Map();
    /** @type {WeakMap<Element, Job>} */
    this.jobs = new WeakMap();
    this.requests = 0;
    this.observer = new IntersectionObserver((entries) => {
      for (const { target, isIntersecting } of entries) {
        const job = this.jobs.get(target);
        if (!isIntersecting || !job) continue;
        this.observer.unobserve(target);
        this.waiting.set(/** @type {HTMLCanvasElement} */ (target), job);
      }
      this.loadNext();
    }, { rootMargin: "200px" });
    signal.addEventListener("abort", () => this.observer.disconnect());
  }

  /**
   * Create the lanes of a job that has succeeded.
   * @param {Job} job
   */
  create(job) {
    const canvas = h("canvas.lanes", { "aria-hidden": "true" });
    resizeCanvas(canvas, WIDTH, 2 * LANE_HEIGHT);
    this.jobs.set(canvas, job);
    this.observer.observe(canvas);
    return canvas;
  }

  async loadNext() {
    const [next] = this.waiting;
    if (!next || this.requests >= MAX_REQUESTS || this.signal.aborted) return;
    const [canvas, job] = next;
    this.waiting.delete(canvas);
    this.requests++;
    const lanes = await getLanes(job.id, PER_PIXEL * WIDTH, this.signal).catch(() => null);
    this.requests--;
    if (lanes) drawLanes(canvas, lanes.data, job.audio.duration_ms ?? 1);
    this.loadNext();
  }
}

/**
 * Draw a lane for each channel.
 * @param {HTMLCanvasElement} canvas
 * @param {{channel: number, start_ms: number, end_ms: number, emotion: string}[]} entries
 * @param {number} duration in ms
 * @param {number} [width] in pixels
 */
export function drawLanes(canvas, entries, duration, width = WIDTH) {
  const channels = [...new Set(entries.map(({ channel }) => channel))].sort((a, b) => a - b);
  resizeCanvas(canvas, width, Math.max(channels.length, 1) * LANE_HEIGHT);
  const context = context2d(canvas);
  const style = getComputedStyle(document.documentElement);
  channels.forEach((channel, row) => {
    const top = row * LANE_HEIGHT;
    context.fillStyle = style.getPropertyValue("--lane");
    context.fillRect(0, top, width, LANE_HEIGHT - 2);
    const lane = entries.filter((entry) => entry.channel === channel);
    for (const { start_ms, end_ms, emotion } of coarsen(lane, duration / width)) {
      const from = (start_ms / duration) * width;
      fillWithEmotion(context, emotion, from, top, Math.max((end_ms / duration) * width - from, 1), LANE_HEIGHT - 2);
    }
  });
}
