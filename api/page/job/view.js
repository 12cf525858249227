/** One job: while it runs how far it is, then its chart, figures, segments and downloads. */
import { Problem, get } from "../api.js";
import { h } from "../element.js";
import { follow } from "../events.js";
import { clock, percent } from "../format.js";
import { actions, ended, state } from "../jobs/progress.js";
import { EMOTIONS, swatch } from "../palette.js";
import { Axis } from "../timeline/axis.js";
import { Chart } from "../timeline/chart.js";
import { channelName, emotionName, t } from "../words.js";
import { downloads } from "./downloads.js";
import { facts } from "./facts.js";
import { Player } from "./player.js";
import { Segments } from "./segments.js";
import { summary } from "./summary.js";

const VIEWS = ["dominant", "timeline", "heat"];

/** The view of a job; what it has going on ends with `signal`. */
export function jobView(jobId, signal) {
  const element = h("article.one", {}, h("h1", { tabIndex: -1 }, "…"));
  new JobView(jobId, element, signal).load();
  return element;
}

class JobView {
  constructor(jobId, element, signal) {
    Object.assign(this, { jobId, element, signal });
    this.heading = h("h1", { tabIndex: -1 });
    this.about = h("div", {});
    this.state = h("div.standing", { role: "status" });
    this.actions = h("span.actions", {});
    this.problem = h("p.error", { role: "alert" });
    this.content = h("div.content", {});
  }

  async load() {
    try {
      const job = await get(`/v1/jobs/${this.jobId}`, this.signal);
      this.element.replaceChildren(
        h("a.back", { href: "#/" }, `← ${t("back")}`),
        h("div.title", {}, this.heading, this.state, this.actions),
        this.problem, this.about, this.content);
      this.show(job);
      if (ended(job)) await this.finish(job);
      else await this.follow();
    } catch (error) {
      this.fail(error);
    }
  }

  fail(error) {
    if (error.name === "AbortError") return;
    const gone = error instanceof Problem && [404, 410].includes(error.status);
    this.problem.textContent = gone ? t("error.page") : error.message;
    if (!this.problem.isConnected) {
      this.element.replaceChildren(h("a.back", { href: "#/" }, `← ${t("back")}`), h("h1", { tabIndex: -1 }, t("title")), this.problem);
    }
  }

  show(job) {
    this.heading.textContent = job.audio.filename || job.id;
    document.title = `${this.heading.textContent} · Emoline`;
    this.state.replaceChildren(state(job));
    this.about.replaceChildren(facts(job));
    if (this.status === job.status) return;  // buttons stay in focus
    this.status = job.status;
    const changed = (now) => (now ? this.load() : (location.hash = "#/"));
    this.actions.replaceChildren(...actions(job, changed, (sentence) => (this.problem.textContent = sentence)));
  }

  async follow() {
    this.content.replaceChildren();
    for await (const job of follow(this.jobId, this.signal)) {
      this.show(job);
      if (ended(job)) await this.finish(job);
    }
  }

  async finish(job) {
    if (job.status !== "succeeded") {
      this.content.replaceChildren();
      return;
    }
    const result = await get(`/v1/jobs/${this.jobId}/result`, this.signal);
    if (job.audio.channel_mode !== "split") result.segments.forEach((it) => (it.role ??= t("mixed")));
    this.content.replaceChildren(...this.parts(job, result));
  }

  parts(job, result) {
    const axis = new Axis(job.audio.duration_ms);
    const player = new Player(this.jobId, result.segments, this.signal);
    const labels = EMOTIONS.filter((emotion) => result.segments.some((it) => it.scores && emotion in it.scores));
    const lanes = lanesOf(result);
    const dominant = result.dominant?.emotion ?? null;
    const chart = new Chart({ jobId: this.jobId, axis, lanes, labels, dominant, player }, this.signal);
    player.addEventListener("move", () => player.playing && axis.reveal(player.position));
    const places = new Map(result.segments.map((segment, place) => [segment.index, place]));
    const play = (index) => {
      player.play(places.get(index));
      axis.reveal(player.position);
      chart.canvas.scrollIntoView({ block: "nearest" });
    };
    return [
      dominantIs(result),
      h("section.timeline", { "aria-label": t("view.timeline") }, this.toolbar(axis, player, chart, lanes), chart.element, legend(result), player.audio),
      downloads(job),
      summary(result, job.audio.duration_ms, play),
      new Segments(this.jobId, player, this.signal).element,
      h("p.law", {}, t("law")),
    ];
  }

  toolbar(axis, player, chart, lanes) {
    const time = h("span.now", {});
    const button = h("button.primary.playing", { type: "button", onclick: () => player.toggle() });
    const problem = h("p.error", { role: "alert" });
    const tell = () => {
      time.textContent = `${clock(player.position)} / ${clock(axis.duration)}`;
      const words = t(player.playing ? "pause" : "play");
      if (button.textContent !== words) button.textContent = words;
      if (problem.textContent !== player.problem) problem.textContent = player.problem;
    };
    for (const name of ["move", "change", "failed"]) player.addEventListener(name, tell);
    tell();
    const zoom = (key, sign, act) => h("button.plain", { type: "button", "aria-label": t(key), title: t(key), onclick: act }, sign);
    const about = h("p.about", {}, t("view.timeline.about"));
    const merging = this.merging(lanes, chart);
    const choose = (view) => () => {
      chart.show(view);
      about.textContent = t(`view.${view}.about`);
      merging.hidden = view !== "timeline";
    };
    const views = VIEWS.map((view) => h("label", {},
      h("input", { type: "radio", name: "view", value: view, checked: view === chart.view, onchange: choose(view) }), t(`view.${view}`)));
    return h("div.toolbar", {},
      button, time,
      h("fieldset.views", {}, h("legend.visually-hidden", {}, t("view")), ...views),
      h("span.zooms", {},
        zoom("zoom.out", "−", () => axis.zoom(2, player.position)), zoom("zoom.in", "+", () => axis.zoom(0.5, player.position)),
        zoom("zoom.fit", "⤢", () => axis.fit())),
      about, merging, problem, h("details.keys", {}, h("summary", {}, t("keys")), h("p.about", {}, t("keys.about"))));
  }

  /** How near neighbours of the timeline are merged, and what counts as unknown: asked of the service anew. */
  merging(lanes, chart) {
    const field = (id, key, more) => h("label.filter", { htmlFor: id }, t(key), h("input", { id, type: "number", ...more, onchange: merge }));
    const merge = async () => {
      const query = new URLSearchParams();
      if (gap.lastChild.value !== "") query.set("gap_ms", gap.lastChild.value);
      if (least.lastChild.value !== "") query.set("min_confidence", least.lastChild.value);
      try {
        const { data } = await get(`/v1/jobs/${this.jobId}/timeline?${query}`, this.signal);
        lanes.forEach((lane) => (lane.entries = data.filter((it) => it.channel === lane.channel)));
        this.problem.textContent = "";
        chart.layout();
      } catch (error) {
        this.fail(error);
      }
    };
    const gap = field("gap", "merge.gap", { min: 0, max: 60_000, step: 100, placeholder: "2000" });
    const least = field("least", "merge.least", { min: 0, max: 1, step: 0.05, placeholder: "0" });
    return h("span.merging", {}, gap, least);
  }
}

/** The channels with their segments and entries, each by its start. */
function lanesOf({ segments, timeline }) {
  const channels = new Map(segments.map((it) => [it.channel, it]));
  return [...channels.values()].sort((a, b) => a.channel - b.channel).map((one) => ({
    channel: one.channel,
    name: channelName(one),
    segments: segments.filter((it) => it.channel === one.channel),
    entries: timeline.filter((it) => it.channel === one.channel),
  }));
}

function dominantIs({ dominant }) {
  if (!dominant) return h("p.dominant-is", {}, t("dominant.none"));
  const words = { share: percent(dominant.share), confidence: percent(dominant.confidence) };
  return h("p.dominant-is", {}, h("span.about", {}, t("jobs.dominant")), swatch(dominant.emotion, 22, 22), h("strong", {}, emotionName(dominant.emotion)), h("span.about", {}, t("dominant.is", words)));
}

function legend({ summary: { share_by_emotion } }) {
  const shown = EMOTIONS.filter((emotion) => emotion in share_by_emotion);
  return h("ul.legend", {}, ...shown.map((emotion) => h("li", {}, swatch(emotion), emotionName(emotion))));
}
