/** What can be done with many calls at once: compare, export, keep for another time, delete. */
import { download, messageOf, request } from "../api.js";
import { MOST_CALLS } from "../compare/compare-view.js";
import { askToConfirm, createSelect, h } from "../dom.js";
import { t } from "../i18n.js";
import { createRetentionSelect, readRetention } from "./options-form.js";
import { hasEnded } from "./job-status.js";

/** @typedef {import("../api.js").Job} Job */
/** @typedef {import("./job-row.js").JobRow} JobRow */

/** The files of many calls that can be exported at once, by the key of their text. @type {Record<string, string>} */
const EXPORTS = { csv: "export?format=csv", pdf: "report.pdf", result: "result" };

export class Selection {
  /** @param {{rows: () => Iterable<JobRow>, onRemove: (jobId: string) => void, onChange: (job: Job) => void, onProblem: (text: string) => void}} list */
  constructor(list) {
    this.list = list;
    this.count = h("span.about", { role: "status" });
    this.all = h("input", { type: "checkbox", id: "select-all", onchange: () => this.selectAll(this.all.checked) });
    const format = createSelect({ "aria-label": t("jobs.export.format") }, Object.keys(EXPORTS).map((key) => [key, t(`downloads.${key}`)]), "csv");
    this.compare = h("button", { type: "button", onclick: () => this.compareSelected() }, t("jobs.compare"));
    this.keep = h("button", { type: "button", onclick: () => this.changeRetention() }, t("jobs.keep"));
    this.bulk = h("span.bulk", { hidden: true }, this.count, this.compare, format,
      h("button", { type: "button", onclick: () => this.exportSelected(format.value) }, t("jobs.export")), this.keep,
      h("button.plain", { type: "button", onclick: () => this.deleteSelected() }, t("jobs.delete.selected")));
    this.element = h("div.selection", { hidden: true }, h("label.filter", { htmlFor: "select-all" }, this.all, t("jobs.select.all")), this.bulk);
  }

  get selected() {
    return [...this.list.rows()].filter(({ checkbox }) => checkbox.checked);
  }

  /** Show what is selected now. */
  update() {
    const { selected } = this;
    const count = selected.length;
    const rows = [...this.list.rows()].length;
    const isComparable = count > 1 && count <= MOST_CALLS && selected.every((row) => row.job.status === "succeeded");
    this.count.textContent = t("jobs.selected", { count });
    this.bulk.hidden = !count;
    this.compare.disabled = !isComparable;
    this.compare.title = isComparable ? "" : t("jobs.compare.about", { most: MOST_CALLS });
    const haveEnded = selected.every((row) => hasEnded(row.job));
    this.keep.disabled = !haveEnded;
    this.keep.title = haveEnded ? "" : t("jobs.keep.ended");
    this.element.hidden = !rows;
    this.all.checked = count > 0 && count === rows;
  }

  /** @param {boolean} isSelected */
  selectAll(isSelected) {
    for (const { checkbox } of this.list.rows()) checkbox.checked = isSelected;
    this.update();
  }

  compareSelected() {
    location.hash = `#/compare?jobs=${this.selected.map((row) => row.job.id).join(",")}`;
  }

  /**
   * Do something with each of these calls; one that fails does not stop the others.
   * @param {JobRow[]} rows
   * @param {(job: Job) => Promise<unknown>} act
   */
  async each(rows, act) {
    this.list.onProblem("");
    for (const { job } of rows) {
      try {
        await act(job);
      } catch (error) {
        this.list.onProblem(`${job.audio.filename}: ${messageOf(error)}`);
      }
    }
  }

  /** @param {string} key of the file */
  exportSelected(key) {
    const done = this.selected.filter((row) => row.job.status === "succeeded");
    return this.each(done, (job) => download(`/v1/jobs/${job.id}/${EXPORTS[key]}`, `${job.id}.${key}`));
  }

  async changeRetention() {
    const { selected } = this;
    const choice = createRetentionSelect({ "aria-label": t("options.retention") });
    if (!await askToConfirm(t("jobs.keep.many", { count: selected.length }), t("jobs.keep.yes"), t("cancel"), choice)) return;
    const retention = { audio_s: null, results_s: null, ...readRetention(choice.value) };
    await this.each(selected, async (job) => {
      const answer = await request(`/v1/jobs/${job.id}`, { method: "PATCH", json: { retention } });
      this.list.onChange({ ...job, ...await answer.json() });
    });
  }

  async deleteSelected() {
    const { selected } = this;
    if (!await askToConfirm(t("jobs.delete.many", { count: selected.length }), t("jobs.delete.yes"), t("keep"))) return;
    await this.each(selected, async (job) => {
      await request(`/v1/jobs/${job.id}`, { method: "DELETE" });
      this.list.onRemove(job.id);
    });
  }
}
