/** The list of jobs, which follows those that run. */
import { get } from "../api.js";
import { choice, h } from "../element.js";
import { follow } from "../events.js";
import { clock, when } from "../format.js";
import { EMOTIONS, swatch } from "../palette.js";
import { emotionName, t } from "../words.js";
import { actions, ended, state } from "./progress.js";
import { uploader } from "./upload.js";

const PAGE = 25;
/** Browsers hold six connections to a host; the others of the list are asked after now and then. */
const FOLLOWED_AT_ONCE = 3;
const LOOK_EVERY_MS = 5000;
const STATUSES = ["queued", "processing", "succeeded", "failed", "canceled"];

/** The page's first view; what it has going on ends with `signal`. */
export function jobsView(signal) {
  const list = new List(signal);
  list.load();
  const every = setInterval(() => list.look(), LOOK_EVERY_MS);
  signal.addEventListener("abort", () => clearInterval(every));
  return h("div.jobs", {},
    h("h1.visually-hidden", { tabIndex: -1 }, t("title")),
    uploader((job) => list.put(job, true)),
    h("section.list", { "aria-labelledby": "jobs" },
      h("div.head", {}, h("h2", { id: "jobs" }, t("jobs")), ...list.filters),
      list.problem, list.table, list.empty, list.more));
}

class List {
  constructor(signal) {
    this.signal = signal;
    this.rows = new Map();
    this.jobs = new Map();
    this.followed = new Set();
    this.cursor = null;
    const any = [["", t("jobs.any")]];
    const reload = () => this.load();
    this.status = choice({ id: "status", onchange: reload }, any.concat(STATUSES.map((name) => [name, t(`status.${name}`)])), "");
    this.dominant = choice({ id: "dominant", onchange: reload }, any.concat(EMOTIONS.map((name) => [name, emotionName(name)])), "");
    this.filters = [["status", this.status], ["dominant", this.dominant]].map(([name, select]) =>
      h("label.filter", {}, t(`jobs.${name}`), select));
    this.problem = h("p.error", { role: "alert" });
    this.table = h("ul.rows", {});
    this.empty = h("p.empty", { hidden: true });
    this.more = h("button", { type: "button", hidden: true, onclick: () => this.load(this.cursor) }, t("jobs.more"));
  }

  async load(cursor = null) {
    const query = new URLSearchParams({ limit: String(PAGE) });
    for (const [name, value] of [["status", this.status.value], ["dominant", this.dominant.value], ["cursor", cursor]]) {
      if (value) query.set(name, value);
    }
    try {
      const page = await get(`/v1/jobs?${query}`, this.signal);
      if (!cursor) this.clear();
      page.data.forEach((job) => this.put(job));
      this.cursor = page.next_cursor;
      this.say("");
    } catch (error) {
      if (error.name !== "AbortError") this.say(error.message);
    }
    this.more.hidden = !this.cursor;
    this.empty.hidden = this.jobs.size > 0 || this.problem.textContent !== "";
    this.empty.textContent = t(this.status.value || this.dominant.value ? "jobs.none.filtered" : "jobs.none");
  }

  /** Asks after the jobs that run and are not followed. */
  async look() {
    const waiting = [...this.jobs.values()].filter((job) => !ended(job) && !this.followed.has(job.id)).slice(0, FOLLOWED_AT_ONCE);
    for (const job of waiting) {
      await get(`/v1/jobs/${job.id}`, this.signal).then((now) => this.put(now), () => {});
    }
  }

  say(sentence) {
    this.problem.textContent = sentence;
  }

  clear() {
    this.rows.clear();
    this.jobs.clear();
    this.table.replaceChildren();
  }

  /** Shows a job, where it was or, as it is new, at the end, or with `first` at the top. */
  put(job, first = false) {
    const [there, known] = [this.rows.get(job.id), this.jobs.get(job.id)];
    this.jobs.set(job.id, job);
    if (there && known.status === job.status && !ended(job)) {
      // Only what has changed, so that buttons stay under the pointer and in focus.
      there.querySelector(".state").replaceWith(state(job));
      there.querySelector(".length").textContent = lengthOf(job);
      return;
    }
    const row = this.row(job);
    if (there) replace(there, row);
    else if (first) this.table.prepend(row);
    else this.table.append(row);
    this.rows.set(job.id, row);
    this.empty.hidden = true;
    if (!ended(job)) this.follow(job);
  }

  async follow({ id }) {
    if (this.followed.has(id) || this.followed.size >= FOLLOWED_AT_ONCE) return;
    this.followed.add(id);
    try {
      for await (const job of follow(id, this.signal)) {
        if (this.jobs.has(id)) this.put(job);
      }
    } catch {
      this.remove(id);
    }
    this.followed.delete(id);
    const next = [...this.jobs.values()].find((job) => !ended(job) && !this.followed.has(job.id));
    if (next && !this.signal.aborted) this.follow(next);
  }

  remove(id) {
    this.rows.get(id)?.remove();
    this.rows.delete(id);
    this.jobs.delete(id);
  }

  row(job) {
    const problem = h("p.error", { role: "alert" });
    const changed = (now) => (now ? this.put(now) : this.remove(job.id));
    const { filename } = job.audio;
    return h("li.job", {},
      h("a.name", { href: `#/jobs/${job.id}` }, filename || job.id),
      h("span.length", {}, lengthOf(job)),
      h("span.dominant", {}, ...(job.dominant ? [swatch(job.dominant), emotionName(job.dominant)] : [])),
      state(job),
      h("time.when", { dateTime: job.created_at }, when(job.created_at)),
      h("span.actions", {}, ...actions(job, changed, (sentence) => (problem.textContent = sentence))),
      problem);
  }
}

const lengthOf = ({ audio: { duration_ms } }) => (duration_ms === null ? "" : clock(duration_ms));

function replace(there, row) {
  const focused = there.contains(document.activeElement);
  there.replaceWith(row);
  if (focused) row.querySelector("a").focus();
}
