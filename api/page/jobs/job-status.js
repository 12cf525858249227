/** The status of a job: its progress in words, and the actions that it allows. */
import { messageOf, request } from "../api.js";
import { askToConfirm, h } from "../dom.js";
import { formatPercent, formatWait } from "../format.js";
import { t, translateProblem } from "../i18n.js";

/** @typedef {import("../api.js").Job} Job */

/** Failures that may pass although workers do not try again by themselves. */
const MAY_PASS = ["deadline_exceeded", "gave_up", "nothing_analysed"];

/** @param {Job} job */
export const hasEnded = (job) => ["succeeded", "failed", "canceled"].includes(job.status);

/** @param {Job} job */
function describeProgress({ status, stage, progress, waits_for }) {
  if (waits_for) return t("progress.waits", { worker: waits_for });
  if (status === "queued") return t("progress.queued");
  const counts = { done: progress.segments_done + progress.segments_skipped, total: progress.segments_total };
  const text = t(`progress.${stage}`, counts);
  return stage === "inferring" && progress.eta_s !== null ? `${text}, ${t("progress.left", { wait: formatWait(progress.eta_s) })}` : text;
}

/**
 * Create the status of a job, with a progress bar while the job runs.
 * @param {Job} job
 */
export function createStatus(job) {
  const chip = h(`span.chip.${job.status}`, {}, t(`status.${job.status}`));
  if (job.status === "failed") {
    const sentence = job.error ? translateProblem(job.error.code, job.error.message) : "";
    return h("span.state", {}, chip, h("span.error", {}, sentence));
  }
  if (hasEnded(job)) return h("span.state", {}, chip);
  // Read out when the status changes, not with each segment.
  return h("span.state", {}, chip, h("span.about", { "aria-live": "off" }, describeProgress(job)),
    h("progress", { max: 100, value: job.progress.percent, "aria-label": formatPercent(job.progress.percent / 100) }));
}

/**
 * Create the buttons of the actions that a job's status allows; to try again only where that can help.
 * @param {Job} job
 * @param {(job: Job | null) => void} onChange called with the job after an action, with null after it was deleted
 * @param {(message: string) => void} onError
 * @param {{isInList?: boolean}} [place] a list has no action for what is well
 */
export function createActions(job, onChange, onError, { isInList = false } = {}) {
  /** @param {string} key @param {() => Promise<void>} action */
  const button = (key, action) => {
    const onclick = () => action().catch((error) => onError(messageOf(error)));
    return h("button.plain", { type: "button", onclick }, t(key));
  };
  /** @param {string} action @param {object} [json] */
  const post = (action, json) => async () => {
    const response = await request(`/v1/jobs/${job.id}/${action}`, { method: "POST", json });
    onChange(await response.json());
  };
  const remove = async () => {
    const question = t("jobs.delete.sure", { name: job.audio.filename });
    if (!await askToConfirm(question, t("jobs.delete.yes"), t("keep"))) return;
    await request(`/v1/jobs/${job.id}`, { method: "DELETE" });
    onChange(null);
  };
  const buttons = [];
  if (hasEnded(job)) {
    const isLacking = job.status === "succeeded" && job.progress.segments_skipped > 0;
    const mayPass = job.status === "canceled" || (job.error !== null && (job.error.retryable || MAY_PASS.includes(job.error.code)));
    if (isLacking || mayPass) {
      buttons.push(button(isLacking ? "jobs.retry.failed_segments" : "jobs.retry", post("retry", { what: "failed_segments" })));
    }
    if (job.status === "succeeded" && !isInList) buttons.push(button("jobs.retry.all", post("retry", { what: "all" })));
  } else {
    buttons.push(button("cancel", post("cancel")));
  }
  return [...buttons, button("delete", remove)];
}
