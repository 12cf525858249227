/** A row of the list: a call with what was heard in it. */
import { h } from "../dom.js";
import { formatClock, formatDate, formatPercent } from "../format.js";
import { emotionName, t } from "../i18n.js";
import { createSwatch } from "../palette.js";
import { createActions, createStatus, hasEnded } from "./job-status.js";

/** @typedef {import("../api.js").Job} Job */
/** @typedef {import("../api.js").Schemas["FactsDocument"]} Facts */
/** @typedef {Job & {facts?: Facts | null}} ListedJob */
/** @typedef {import("./lanes.js").LaneLoader} LaneLoader */

export class JobRow {
  /**
   * @param {ListedJob} job
   * @param {LaneLoader} lanes
   * @param {{onRemove: () => void, onChange: (job: Job) => void, onSelect: () => void, conditions: () => URLSearchParams}} list
   */
  constructor(job, lanes, list) {
    this.lanes = lanes;
    this.list = list;
    this.element = h("li.job");
    this.checkbox = h("input", { type: "checkbox", onchange: list.onSelect });
    this.status = h("span.state");
    this.length = h("span.length");
    this.job = job;
    this.render();
  }

  /** @param {ListedJob} job */
  update(job) {
    const isSameStatus = this.job.status === job.status && !hasEnded(job);
    this.job = job;
    if (isSameStatus) {
      // Buttons stay under the pointer and in focus.
      const status = createStatus(job);
      this.status.replaceWith(status);
      this.status = status;
      this.showLength();
      return;
    }
    const isFocused = this.element.contains(document.activeElement);
    this.render();
    if (isFocused) this.element.querySelector("a")?.focus();
  }

  render() {
    const { job, list } = this;
    const name = job.audio.filename || job.id;
    const facts = job.facts ?? null;
    this.status = createStatus(job);
    this.showLength();
    this.checkbox.setAttribute("aria-label", t("jobs.select", { name }));
    const problem = h("p.error", { role: "alert" });
    const onChange = (/** @type {Job | null} */ changed) => (changed ? list.onChange(changed) : list.onRemove());
    const alerts = job.alerts.map(({ name: alert }) => alert).join(", ");
    this.element.replaceChildren(
      h("span.pick", {}, this.checkbox),
      h("span.call", {},
        h("a.name", { href: `#/jobs/${job.id}` }, name),
        h("span.about", {}, this.length, " ", h("time.when", { dateTime: job.created_at }, formatDate(job.config.metadata?.recorded_at ?? job.created_at)))),
      h("span.ribbon", {}, job.status === "succeeded" && this.lanes.create(job)),
      h("span.worst", {}, facts?.worst_minute && createWorstMinute(job, facts.worst_minute)),
      h("span.share", {}, ...(facts ? this.createShare(facts) : [])),
      h("span.marks", {}, this.status,
        alerts && h("span.chip.alert", { title: alerts }, t("jobs.alerts", { count: job.alerts.length })),
        facts !== null && facts.corrected_segments > 0 && h("span.chip", {}, t("jobs.corrected", { count: facts.corrected_segments }))),
      h("span.actions", {}, ...createActions(job, onChange, (message) => (problem.textContent = message), { isInList: true })),
      problem);
  }

  /**
   * The share of the emotion that the list is about, or else of the most frequent one, in the role that counts.
   * @param {Facts} facts
   */
  createShare({ share_by_emotion, role }) {
    const conditions = this.list.conditions();
    const part = /** @type {keyof Facts["share_by_emotion"]} */ (conditions.get("part") ?? "whole");
    const shares = share_by_emotion[part] ?? {};
    const emotion = conditions.get("emotion") ?? Object.entries(shares).sort(([, a], [, b]) => b - a)[0]?.[0];
    if (!emotion) return [h("span.about", {}, t("chart.silent"))];
    const place = [role, part === "whole" ? null : t(`filter.part.${part}`)].filter(Boolean).join(", ");
    return [createSwatch(emotion), h("span", {}, `${emotionName(emotion)} ${formatPercent(shares[emotion] ?? 0)}`),
      place && h("span.about", {}, place)];
  }

  showLength() {
    const { duration_ms } = this.job.audio;
    this.length.textContent = duration_ms === null ? "" : formatClock(duration_ms);
  }
}

/**
 * Create the link that plays the worst minute.
 * @param {Job} job
 * @param {NonNullable<Facts["worst_minute"]>} worst
 */
function createWorstMinute(job, { start_ms, share }) {
  const label = t("jobs.worst.play", { time: formatClock(start_ms), name: job.audio.filename, share: formatPercent(share) });
  return h("a.play-worst", { href: `#/jobs/${job.id}?t=${(start_ms / 1000).toFixed(1)}&play=1`, "aria-label": label, title: label },
    `▶ ${formatClock(start_ms)}`, h("span.about", {}, formatPercent(share)));
}
