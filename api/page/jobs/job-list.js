/** The list of jobs, which follows the jobs that run. */
import { getJob, getJobs, isAborted, messageOf } from "../api.js";
import { createSelect, h } from "../dom.js";
import { followJob } from "../event-stream.js";
import { formatClock, formatDate } from "../format.js";
import { emotionName, t } from "../i18n.js";
import { EMOTIONS, createSwatch } from "../palette.js";
import { createActions, createStatus, hasEnded } from "./job-status.js";
import { createUploader } from "./upload.js";

/** @typedef {import("../api.js").Job} Job */

const PAGE_SIZE = 25;
/** Browsers hold six connections to a host; the other jobs of the list are polled. */
const MAX_FOLLOWED = 3;
const POLL_MS = 5000;
const STATUSES = ["queued", "processing", "succeeded", "failed", "canceled"];

/**
 * Create the page's first view.
 * @param {AbortSignal} signal ends its requests and timers
 */
export function createJobListView(signal) {
  const list = new JobList(signal);
  list.load();
  const timer = setInterval(() => list.poll(), POLL_MS);
  signal.addEventListener("abort", () => clearInterval(timer));
  return h("div.jobs", {},
    h("h1.visually-hidden", { tabIndex: -1 }, t("title")),
    createUploader((job) => list.update(job, { isNew: true })),
    h("section.list", { "aria-labelledby": "jobs" },
      h("div.head", {}, h("h2", { id: "jobs" }, t("jobs")),
        h("label.filter", {}, t("jobs.status"), list.status), h("label.filter", {}, t("jobs.dominant"), list.dominant)),
      list.problem, list.table, list.empty, list.loadMore));
}

class JobList {
  /** @param {AbortSignal} signal */
  constructor(signal) {
    this.signal = signal;
    /** @type {Map<string, JobRow>} */
    this.rows = new Map();
    /** @type {Set<string>} */
    this.followedIds = new Set();
    /** @type {string | null} */
    this.cursor = null;
    const onchange = () => this.load();
    const any = ["", t("jobs.any")];
    this.status = createSelect({ id: "status", onchange }, [any, ...STATUSES.map((name) => [name, t(`status.${name}`)])], "");
    this.dominant = createSelect({ id: "dominant", onchange }, [any, ...EMOTIONS.map((name) => [name, emotionName(name)])], "");
    this.problem = h("p.error", { role: "alert" });
    this.table = h("ul.rows");
    this.empty = h("p.empty", { hidden: true });
    this.loadMore = h("button", { type: "button", hidden: true, onclick: () => this.load(this.cursor) }, t("jobs.more"));
  }

  /** @param {string | null} cursor of the page after the jobs that are shown, or null to begin anew */
  async load(cursor = null) {
    const query = new URLSearchParams({ limit: String(PAGE_SIZE) });
    if (this.status.value) query.set("status", this.status.value);
    if (this.dominant.value) query.set("dominant", this.dominant.value);
    if (cursor) query.set("cursor", cursor);
    try {
      const page = await getJobs(query, this.signal);
      if (!cursor) {
        this.rows.clear();
        this.table.replaceChildren();
      }
      page.data.forEach((job) => this.update(job));
      this.cursor = page.next_cursor;
      this.problem.textContent = "";
    } catch (error) {
      if (!isAborted(error)) this.problem.textContent = messageOf(error);
    }
    this.loadMore.hidden = !this.cursor;
    this.empty.hidden = this.rows.size > 0 || this.problem.textContent !== "";
    this.empty.textContent = t(this.status.value || this.dominant.value ? "jobs.none.filtered" : "jobs.none");
  }

  /** The running jobs that are not followed. */
  get unfollowed() {
    return [...this.rows.values()].map((row) => row.job).filter((job) => !hasEnded(job) && !this.followedIds.has(job.id));
  }

  /** Update running jobs that are not followed. */
  async poll() {
    for (const { id } of this.unfollowed.slice(0, MAX_FOLLOWED)) {
      const job = await getJob(id, this.signal).catch(() => null);
      if (job) this.update(job);
    }
  }

  /**
   * Show a job in its row, or in a row at the end, or with `isNew` at the top.
   * @param {Job} job
   */
  update(job, { isNew = false } = {}) {
    const row = this.rows.get(job.id);
    if (row) {
      row.update(job);
    } else {
      const created = new JobRow(job, () => this.remove(job.id), (changed) => this.update(changed));
      this.rows.set(job.id, created);
      if (isNew) this.table.prepend(created.element);
      else this.table.append(created.element);
    }
    this.empty.hidden = true;
    if (!hasEnded(job)) this.follow(job.id);
  }

  /** @param {string} jobId */
  async follow(jobId) {
    if (this.followedIds.has(jobId) || this.followedIds.size >= MAX_FOLLOWED) return;
    this.followedIds.add(jobId);
    try {
      for await (const job of followJob(jobId, this.signal)) {
        if (this.rows.has(jobId)) this.update(job);
      }
    } catch {
      this.remove(jobId);
    }
    this.followedIds.delete(jobId);
    const [next] = this.unfollowed;
    if (next && !this.signal.aborted) this.follow(next.id);
  }

  /** @param {string} jobId */
  remove(jobId) {
    this.rows.get(jobId)?.element.remove();
    this.rows.delete(jobId);
  }
}

class JobRow {
  /**
   * @param {Job} job
   * @param {() => void} onRemove
   * @param {(job: Job) => void} onChange
   */
  constructor(job, onRemove, onChange) {
    this.onChange = (/** @type {Job | null} */ changed) => (changed ? onChange(changed) : onRemove());
    this.element = h("li.job");
    this.status = h("span.state");
    this.length = h("span.length");
    this.job = job;
    this.render();
  }

  /** @param {Job} job */
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
    const { job } = this;
    this.status = createStatus(job);
    this.showLength();
    const problem = h("p.error", { role: "alert" });
    this.element.replaceChildren(
      h("a.name", { href: `#/jobs/${job.id}` }, job.audio.filename || job.id),
      this.length,
      h("span.dominant", {}, ...(job.dominant ? [createSwatch(job.dominant), emotionName(job.dominant)] : [])),
      this.status,
      h("time.when", { dateTime: job.created_at }, formatDate(job.created_at)),
      h("span.actions", {}, ...createActions(job, this.onChange, (message) => (problem.textContent = message))),
      problem);
  }

  showLength() {
    const { duration_ms } = this.job.audio;
    this.length.textContent = duration_ms === null ? "" : formatClock(duration_ms);
  }
}
