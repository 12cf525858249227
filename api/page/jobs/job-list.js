/** The list of jobs, which follows the jobs that run. */
import { getJob, getJobs, isAborted, messageOf } from "../api.js";
import { h } from "../dom.js";
import { followJob } from "../event-stream.js";
import { t } from "../i18n.js";
import { Filters } from "./filters.js";
import { JobRow } from "./job-row.js";
import { hasEnded } from "./job-status.js";
import { LaneLoader } from "./lanes.js";
import { Selection } from "./selection.js";
import { createUploader } from "./upload.js";

/** @typedef {import("./job-row.js").ListedJob} ListedJob */

const PAGE_SIZE = 25;
/** Browsers hold six connections to a host; the other jobs of the list are polled. */
const MAX_FOLLOWED = 3;
const POLL_MS = 5000;

/**
 * Create the page's first view.
 * @param {URLSearchParams} query the conditions of the list
 * @param {AbortSignal} signal ends its requests and timers
 */
export function createJobListView(query, signal) {
  const list = new JobList(query, signal);
  list.load();
  const timer = setInterval(() => list.poll(), POLL_MS);
  signal.addEventListener("abort", () => clearInterval(timer));
  return h("div.jobs", {},
    h("h1.visually-hidden", { tabIndex: -1 }, t("title")),
    createUploader((job) => list.update(job, { isNew: true })),
    h("section.list", { "aria-labelledby": "jobs" },
      h("div.head", {}, h("h2", { id: "jobs" }, t("jobs")), list.count), list.filters.element, list.selection.element,
      list.problem, list.table, list.empty, list.loadMore));
}

class JobList {
  /**
   * @param {URLSearchParams} query
   * @param {AbortSignal} signal
   */
  constructor(query, signal) {
    this.signal = signal;
    /** @type {Map<string, JobRow>} */
    this.rows = new Map();
    /** @type {Set<string>} */
    this.followedIds = new Set();
    /** @type {string | null} */
    this.cursor = null;
    this.loading = new AbortController();
    this.lanes = new LaneLoader(signal);
    this.filters = new Filters(query, () => this.load());
    this.problem = h("p.error", { role: "alert" });
    this.count = h("p.about", { role: "status" });
    this.table = h("ul.rows");
    this.empty = h("p.empty", { hidden: true });
    this.loadMore = h("button", { type: "button", hidden: true, onclick: () => this.load(this.cursor) }, t("jobs.more"));
    this.ends = new IntersectionObserver(([entry]) => entry.isIntersecting && this.cursor && this.load(this.cursor), { rootMargin: "600px" });
    this.ends.observe(this.loadMore);
    signal.addEventListener("abort", () => this.ends.disconnect());
    this.selection = new Selection({
      rows: () => this.rows.values(), onRemove: (jobId) => this.remove(jobId), onChange: (job) => this.update(job),
      onProblem: (text) => (this.problem.textContent = text),
    });
  }

  /** @param {string | null} cursor of the page after the jobs that are shown, or null to begin anew */
  async load(cursor = null) {
    this.loading.abort();  // another condition may have been chosen meanwhile
    this.loading = new AbortController();
    const signal = AbortSignal.any([this.signal, this.loading.signal]);
    const { query } = this.filters;
    query.set("limit", String(PAGE_SIZE));
    if (cursor) query.set("cursor", cursor);
    try {
      const page = await getJobs(query, signal);
      if (!cursor) {
        this.rows.clear();
        this.table.replaceChildren();
      }
      page.data.forEach((job) => this.update(job));
      this.cursor = page.next_cursor;
      this.problem.textContent = "";
    } catch (error) {
      if (isAborted(error)) return;
      this.problem.textContent = messageOf(error);
    }
    this.loadMore.hidden = !this.cursor;
    // Observed anew: where the reader is at the end still, it has not left the screen, and would never enter it again.
    this.ends.unobserve(this.loadMore);
    this.ends.observe(this.loadMore);
    this.empty.hidden = this.rows.size > 0 || this.problem.textContent !== "";
    this.empty.textContent = t(this.filters.isFiltering ? "jobs.none.filtered" : "jobs.none");
    this.showCount();
  }

  showCount() {
    this.count.textContent = this.rows.size ? t(`jobs.count${this.cursor ? ".more" : this.rows.size === 1 ? ".one" : ""}`, { count: this.rows.size }) : "";
    this.selection.update();
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
   * @param {ListedJob} job
   */
  update(job, { isNew = false } = {}) {
    const row = this.rows.get(job.id);
    if (row) {
      row.update(job);
    } else {
      const created = new JobRow(job, this.lanes, {
        onRemove: () => this.remove(job.id), onChange: (changed) => this.update(changed),
        onSelect: () => this.selection.update(), conditions: () => this.filters.query,
      });
      this.rows.set(job.id, created);
      if (isNew) this.table.prepend(created.element);
      else this.table.append(created.element);
    }
    this.empty.hidden = true;
    if (!hasEnded(job)) this.follow(job.id);
    else if (job.status === "succeeded" && job.facts === undefined) this.loadFacts(job);
  }

  /** Show the facts of a job that has just ended: only lists have them. @param {ListedJob} job */
  async loadFacts(job) {
    const query = new URLSearchParams({ limit: "50" });
    const { channel } = Object.fromEntries(this.filters.query);
    if (channel) query.set("channel", channel);
    const page = await getJobs(query, this.signal).catch(() => null);
    const listed = page?.data.find(({ id }) => id === job.id);
    if (listed && this.rows.has(job.id)) this.rows.get(job.id)?.update(listed);
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
    this.showCount();
  }
}
