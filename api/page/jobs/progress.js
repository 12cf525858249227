/** How far a job is, in words, and what may be done with it. */
import { ask } from "../api.js";
import { confirmed, h } from "../element.js";
import { percent, wait } from "../format.js";
import { t } from "../words.js";

export const ended = (job) => ["succeeded", "failed", "canceled"].includes(job.status);

export function progressWords({ status, stage, progress }) {
  if (status === "queued") return t("progress.queued");
  const counts = { done: progress.segments_done + progress.segments_skipped, total: progress.segments_total };
  const words = t(`progress.${stage}`, counts);
  const left = stage === "inferring" && progress.eta_s !== null ? t("progress.left", { wait: wait(progress.eta_s) }) : "";
  return left ? `${words}, ${left}` : words;
}

/** State, and while it runs a bar, of a job. */
export function state(job) {
  const chip = h(`span.chip.${job.status}`, {}, t(`status.${job.status}`));
  if (job.status === "failed") return h("span.state", {}, chip, h("span.error", {}, job.error?.message ?? ""));
  if (ended(job)) return h("span.state", {}, chip);
  // Read out when the state changes, not with each segment.
  return h("span.state", {}, chip, h("span.about", { "aria-live": "off" }, progressWords(job)),
    h("progress", { max: 100, value: job.progress.percent, "aria-label": percent(job.progress.percent / 100) }));
}

/**
 * Buttons for what a job's state allows. `changed` is called with the job after each, with null after it was deleted,
 * `failed` with a sentence.
 */
export function actions(job, changed, failed) {
  const button = (key, act, kind = "plain") => h(`button.${kind}`, { type: "button", onclick: act }, t(key));
  const doing = (act) => async () => {
    try {
      const answer = await act();
      if (answer) changed(answer === true ? null : await answer.json());
    } catch (error) {
      failed(error.message);
    }
  };
  const post = (path, json) => doing(() => ask(`/v1/jobs/${job.id}/${path}`, { method: "POST", json }));
  const again = (what) => post("retry", { what });
  const retries = ["failed_segments", "all"].map((what) => button(`jobs.retry.${what}`, again(what)));
  const partly = job.status !== "succeeded" || job.progress.segments_skipped > 0;
  const remove = doing(async () => {
    const sure = t("jobs.delete.sure", { name: job.audio.filename });
    return await confirmed(sure, t("jobs.delete.yes"), t("keep")) && ask(`/v1/jobs/${job.id}`, { method: "DELETE" }).then(() => true);
  });
  return [
    !ended(job) && button("cancel", post("cancel")),
    ended(job) && partly && retries[0],
    ended(job) && retries[1],
    button("delete", remove),
  ].filter(Boolean);
}
