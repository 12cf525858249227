/** The lanes of a job whose result is not here yet: because it runs, or because the recording is long. */
import { getLanes, getSegments } from "../api.js";
import { h } from "../dom.js";
import { createLegendOf } from "./legend.js";
import { PER_PIXEL, drawLanes } from "../jobs/lanes.js";

/** @typedef {import("../api.js").Segment} Segment */

const INTERVAL_MS = 2500;
const PAGE_SIZE = "1000";

export class EarlyLanes {
  /**
   * @param {string} jobId
   * @param {AbortSignal} signal
   */
  constructor(jobId, signal) {
    this.jobId = jobId;
    this.signal = signal;
    /** The segments known so far, by their index. @type {Segment[]} */
    this.segments = [];
    this.asked = 0;
    this.canvas = h("canvas.lanes", { "aria-hidden": "true" });
    this.legend = h("div");
    this.element = h("section.timeline.running", {}, this.canvas, this.legend);
  }

  /**
   * Draw the lanes of a result, which are here in a fraction of its time.
   * @param {number} duration of the recording in ms
   */
  async show(duration) {
    const { data } = await getLanes(this.jobId, Math.ceil(PER_PIXEL * this.width), this.signal);
    this.draw(data, duration);
  }

  /** In pixels. */
  get width() {
    return Math.max(this.element.clientWidth - 34, 1);
  }

  /**
   * Fetch what has been analysed since, and draw it.
   * @param {number | null} duration of the recording in ms, as far as it is known
   */
  async update(duration) {
    if (performance.now() - this.asked < INTERVAL_MS) return;
    this.asked = performance.now();
    const waiting = this.segments.findIndex(({ status }) => status === "pending");
    const known = waiting < 0 ? this.segments.length : waiting;
    const query = new URLSearchParams({ limit: PAGE_SIZE });
    if (known) query.set("cursor", String(known - 1));
    const page = await getSegments(this.jobId, query, this.signal).catch(() => null);
    if (!page || !this.element.isConnected) return;
    this.segments = [...this.segments.slice(0, known), ...page.data];
    const analysed = this.segments.filter(({ status }) => status === "ok");
    const end = Math.max(duration ?? 0, this.segments.at(-1)?.end_ms ?? 1);
    this.draw(analysed, end);
  }

  /**
   * @param {{channel: number, start_ms: number, end_ms: number, emotion: string}[]} items
   * @param {number} duration in ms
   */
  draw(items, duration) {
    drawLanes(this.canvas, items, duration, this.width);
    this.legend.replaceChildren(createLegendOf(new Set(items.map(({ emotion }) => emotion))));
  }
}
