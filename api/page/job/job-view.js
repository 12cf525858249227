/** The view of one job: its progress while it runs, then its chart, figures, segments and downloads. */
import { ApiError, getJob, getResult, getTimeline, isAborted, messageOf } from "../api.js";
import { h } from "../dom.js";
import { followJob } from "../event-stream.js";
import { channelName, emotionName, t } from "../i18n.js";
import { createActions, createStatus, hasEnded } from "../jobs/job-status.js";
import { EMOTIONS, createSwatch } from "../palette.js";
import { Axis } from "../timeline/axis.js";
import { Chart } from "../timeline/chart.js";
import { createDownloads } from "./downloads.js";
import { Player } from "./player.js";
import { createProperties } from "./properties.js";
import { SegmentTable } from "./segment-table.js";
import { createSummary, describeShare } from "./summary.js";
import { createToolbar } from "./toolbar.js";

/** @typedef {import("../api.js").Job} Job */
/** @typedef {import("../api.js").Result} Result */

/**
 * Create the view of a job.
 * @param {string} jobId
 * @param {AbortSignal} signal ends its requests and listeners
 */
export function createJobView(jobId, signal) {
  const view = new JobView(jobId, signal);
  view.load();
  return view.element;
}

class JobView {
  /**
   * @param {string} jobId
   * @param {AbortSignal} signal
   */
  constructor(jobId, signal) {
    this.jobId = jobId;
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
        this.content.replaceChildren();
        for await (const changed of followJob(this.jobId, this.signal)) {
          this.showJob(changed);
          if (hasEnded(changed)) await this.showResult(changed);
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
    const result = await getResult(this.jobId, this.signal);
    if (job.audio.channel_mode !== "split") result.segments.forEach((segment) => (segment.role ??= t("mixed")));
    this.content.replaceChildren(...this.createContent(job, result, job.audio.duration_ms));
  }

  /**
   * @param {Job} job
   * @param {Result} result
   * @param {number} duration of the recording, in ms
   */
  createContent(job, result, duration) {
    const { segments } = result;
    const axis = new Axis(duration);
    const player = new Player(this.jobId, segments, this.signal);
    const labels = EMOTIONS.filter((emotion) => segments.some(({ scores }) => scores !== null && emotion in scores));
    const chart = new Chart(this.jobId, result, labels, axis, player, this.signal);
    player.addEventListener("move", () => {
      if (player.isPlaying) axis.reveal(player.position);
    });
    /** @param {number} index of a segment */
    const onPlay = (index) => {
      player.play(segments.findIndex((segment) => segment.index === index));
      axis.reveal(player.position);
      chart.canvas.scrollIntoView({ block: "nearest" });
    };
    /** @param {URLSearchParams} query */
    const onMerge = async (query) => {
      try {
        const { data } = await getTimeline(this.jobId, query, this.signal);
        this.problem.textContent = "";
        chart.setTimeline(data);
      } catch (error) {
        this.showError(error);
      }
    };
    const toolbar = createToolbar(axis, player, chart, onMerge);
    return [
      createDominant(result),
      h("section.timeline", { "aria-label": t("view.timeline") }, toolbar, chart.element, createLegend(result), player.audio),
      createDownloads(job),
      createSummary(result, onPlay),
      new SegmentTable(this.jobId, player, this.signal).element,
      h("p.law", {}, t("law")),
    ];
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

/** @param {Result} result */
function createLegend({ summary: { share_by_emotion } }) {
  const emotions = EMOTIONS.filter((emotion) => emotion in share_by_emotion);
  return h("ul.legend", {}, ...emotions.map((emotion) => h("li", {}, createSwatch(emotion), emotionName(emotion))));
}
