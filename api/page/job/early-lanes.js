/** The lanes of a job whose result is not here yet: because it runs, or because the recording is long. */
import { getSegments, getTimeline } from "../api.js";
import { h } from "../dom.js";
import { createLegendOf } from "./legend.js";
import { GAP_MS, drawLanes } from "../jobs/lanes.js";

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
   * Draw the timeline, which is here in a fraction of the time of the result.
   * @param {number} duration of the recording in ms
   */
  async showTimeline(duration) {
    const timeline = await getTimeline(this.jobId, new URLSearchParams({ gap_ms: GAP_MS }), this.signal);
    this.draw(timeline.data, duration);
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
   * @param {(Segment | import("../api.js").TimelineEntry)[]} items
   * @param {number} duration in ms
   */
  draw(items, duration) {
    drawLanes(this.canvas, items, duration, Math.max(this.element.clientWidth - 34, 1));
    this.legend.replaceChildren(createLegendOf(new Set(items.map(({ emotion }) => emotion))));
  }
}
