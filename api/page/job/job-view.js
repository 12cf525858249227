/** The view of one job: its progress while it runs, then its chart, findings, segments and downloads. */
import { ApiError, getJob, getResult, getTimeline, isAborted, messageOf } from "../api.js";
import { h } from "../dom.js";
import { followJob } from "../event-stream.js";
import { channelName, emotionName, t } from "../i18n.js";
import { createActions, createStatus, hasEnded } from "../jobs/job-status.js";
import { EMOTIONS, createSwatch } from "../palette.js";
import { Axis } from "../timeline/axis.js";
import { Chart } from "../timeline/chart.js";
import { createDownloads } from "./downloads.js";
import { EarlyLanes } from "./early-lanes.js";
import { addKeys } from "./keys.js";
import { createLegendOf } from "./legend.js";
import { Player } from "./player.js";
import { createProperties } from "./properties.js";
import { Review } from "./review.js";
import { SegmentTable } from "./segment-table.js";
import { openShareDialog } from "./share.js";
import { createSummary, describeShare } from "./summary.js";
import { createToolbar } from "./toolbar.js";

/** @typedef {import("../api.js").Job} Job */
/** @typedef {import("../api.js").Result} Result */

/** A link to a moment shows as much around it. */
const MOMENT_MS = 120_000;
/** The result of a longer recording takes long enough that its lanes are shown first. */
const LONG_MS = 3_600_000;

/**
 * Create the view of a job.
 * @param {string} jobId
 * @param {URLSearchParams} query `t`, the second to open at, and `play`
 * @param {AbortSignal} signal ends its requests and listeners
 */
export function createJobView(jobId, query, signal) {
  const view = new JobView(jobId, query, signal);
  view.load();
  return view.element;
}

class JobView {
  /**
   * @param {string} jobId
   * @param {URLSearchParams} query
   * @param {AbortSignal} signal
   */
  constructor(jobId, query, signal) {
    this.jobId = jobId;
    this.query = query;
    this.signal = signal;
    this.element = h("article.one", {}, h("h1", { tabIndex: -1 }, "…"));
    this.heading = h("h1", { tabIndex: -1 });
    this.properties = h("div");
    this.status = h("div.standing", { role: "status" });
    this.actions = h("span.actions");
    this.problem = h("p.error", { role: "alert" });
    this.content = h("div.content");
    /** The status that the actions are for. */
    this.actionsStatus = "";
  }

  async load() {
    try {
      const job = await getJob(this.jobId, this.signal);
      this.element.replaceChildren(
        h("a.back", { href: "#/" }, `← ${t("back")}`),
        h("div.title", {}, this.heading, this.status, this.actions),
        this.problem, this.properties, this.content);
      this.showJob(job);
      if (hasEnded(job)) {
        await this.showResult(job);
      } else {
        const lanes = this.createLanes();
        for await (const changed of followJob(this.jobId, this.signal)) {
          this.showJob(changed);
          if (hasEnded(changed)) await this.showResult(changed);
          else lanes.update(changed.audio.duration_ms);
        }
      }
    } catch (error) {
      this.showError(error);
    }
  }

  /** @param {unknown} error */
  showError(error) {
    if (isAborted(error)) return;
    const isMissing = error instanceof ApiError && [404, 410].includes(error.status);
    this.problem.textContent = isMissing ? t("error.page") : messageOf(error);
    if (!this.problem.isConnected) {
      this.element.replaceChildren(h("a.back", { href: "#/" }, `← ${t("back")}`), h("h1", { tabIndex: -1 }, t("title")), this.problem);
    }
  }

  /** @param {Job} job */
  showJob(job) {
    this.heading.textContent = job.audio.filename || job.id;
    document.title = `${this.heading.textContent} · Emoline`;
    this.status.replaceChildren(createStatus(job));
    this.properties.replaceChildren(createProperties(job));
    if (this.actionsStatus === job.status) return;  // buttons stay in focus
    this.actionsStatus = job.status;
    /** @param {Job | null} changed */
    const onChange = (changed) => {
      if (changed) this.load();
      else location.hash = "#/";
    };
    this.actions.replaceChildren(...createActions(job, onChange, (message) => (this.problem.textContent = message)));
  }

  /** @param {Job} job that has ended */
  async showResult(job) {
    if (job.status !== "succeeded" || job.audio.duration_ms === null) {
      this.content.replaceChildren();
      return;
    }
    if (job.audio.duration_ms > LONG_MS) await this.createLanes().show(job.audio.duration_ms);
    const result = await this.loadResult(job);
    this.content.replaceChildren(...this.createContent(job, result, job.audio.duration_ms));
    this.openMoment(this.query);
  }

  /** Create the lanes that are shown until the result is here. */
  createLanes() {
    const lanes = new EarlyLanes(this.jobId, this.signal);
    this.content.replaceChildren(lanes.element);
    return lanes;
  }

  /** @param {Job} job */
  async loadResult(job) {
    const result = await getResult(this.jobId, this.signal);
    if (job.audio.channel_mode !== "split") result.segments.forEach((segment) => (segment.role ??= t("mixed")));
    return result;
  }

  /**
   * @param {Job} job
   * @param {Result} result
   * @param {number} duration of the recording, in ms
   */
  createContent(job, result, duration) {
    const axis = new Axis(duration);
    const player = new Player(this.jobId, result.segments, duration, this.signal);
    const labels = EMOTIONS.filter((emotion) => result.segments.some(({ scores }) => scores !== null && emotion in scores));
    const chart = new Chart(this.jobId, result, labels, axis, player, this.signal);
    const review = new Review(this.jobId, player);
    const table = new SegmentTable(player, review, this.signal);
    player.addEventListener("move", () => {
      if (player.isPlaying) axis.reveal(player.position);
    });
    /** @param {number} ms */
    const onPlay = (ms) => {
      player.playAt(ms);
      axis.reveal(ms);
      chart.canvas.scrollIntoView({ block: "nearest" });
    };
    const findings = h("div.findings");
    /** @param {Result} shown */
    const showFindings = (shown) => findings.replaceChildren(createDominant(shown));
    const summary = h("div");
    /** @param {Result} shown */
    const showSummary = (shown) => summary.replaceChildren(createSummary(shown, onPlay));
    let times = result.changes;
    review.addEventListener("failed", () => (this.problem.textContent = review.problem));
    review.addEventListener("change", async () => {
      try {
        const changed = await this.loadResult(job);
        this.problem.textContent = "";
        times = changed.changes;
        player.segments = changed.segments;
        chart.setResult(changed);
        table.filter({ keepsPlace: true });
        showFindings(changed);
        showSummary(changed);
      } catch (error) {
        this.showError(error);
      }
    });
    this.openMoment = (/** @type {URLSearchParams} */ query) => {
      const seconds = Number(query.get("t") ?? NaN);
      if (Number.isNaN(seconds)) return;
      const ms = Math.min(seconds * 1000, duration);
      if (duration > 2 * MOMENT_MS) axis.show(ms - MOMENT_MS / 4, MOMENT_MS);
      if (query.get("play")) onPlay(ms);
      else player.seek(ms);
      chart.element.scrollIntoView({ block: "nearest" });
    };
    this.signal.addEventListener("moment", (event) => this.openMoment(/** @type {CustomEvent} */ (event).detail));
    const onMerge = (/** @type {URLSearchParams} */ query) => this.merge(chart, query);
    const onShare = () => openShareDialog(this.jobId, player.position, this.signal);
    const timeline = h("section.timeline", { "aria-label": t("view.timeline") },
      createToolbar(axis, player, chart, onMerge, onShare), chart.element, createLegendOf(new Set(Object.keys(result.summary.share_by_emotion))), player.element);
    addKeys([timeline, table.element], axis, player, review, () => times.map(({ time_ms }) => time_ms).sort((a, b) => a - b));
    showFindings(result);
    showSummary(result);
    return [findings, timeline, createDownloads(job), summary, table.element, h("p.law", {}, t("law"))];
  }

  /** Open at a moment. @param {URLSearchParams} _query */
  openMoment(_query) {}

  /**
   * Have the timeline merged with other parameters.
   * @param {Chart} chart
   * @param {URLSearchParams} query
   */
  async merge(chart, query) {
    try {
      const { data } = await getTimeline(this.jobId, query, this.signal);
      this.problem.textContent = "";
      chart.setTimeline(data);
    } catch (error) {
      this.showError(error);
    }
  }
}

/**
 * Create a line for each channel with its dominant emotion, and the speech that the word for its share rests on.
 * @param {Result} result
 */
function createDominant({ summary: { by_channel } }) {
  if (!by_channel.length) return h("p.dominant-is", {}, t("dominant.none"));
  const lines = by_channel.map((channel) => {
    const { emotion, quantity } = channel.dominant;
    const name = by_channel.length > 1 ? channelName(channel) : t("jobs.dominant");
    return h("p.dominant-is", {},
      h("span.about", {}, name), createSwatch(emotion, 22, 22), h("strong", {}, emotionName(emotion)),
      h("span.about", {}, t(`quantity.${quantity}`, describeShare(channel.dominant))));
  });
  return h("div", {}, ...lines);
}
