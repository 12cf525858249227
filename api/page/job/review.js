/** The review of a job's segments: corrections with comments, and the next segment of which the model is least sure. */
import { messageOf, request } from "../api.js";
import { h } from "../dom.js";
import { formatClock } from "../format.js";
import { t } from "../i18n.js";

/** @typedef {import("../api.js").Segment} Segment */
/** @typedef {import("./player.js").Player} Player */

/** Sends `change` when a correction was stored or withdrawn, `failed` with `problem` set. */
export class Review extends EventTarget {
  /**
   * @param {string} jobId
   * @param {Player} player whose `segments` are reviewed
   */
  constructor(jobId, player) {
    super();
    this.jobId = jobId;
    this.player = player;
    this.problem = "";
    /** The indices of the segments that were played as unsure. @type {Set<number>} */
    this.played = new Set();
  }

  /** The segment that was chosen or heard last. */
  get current() {
    return this.player.segments[this.player.place];
  }

  /**
   * Store a correction, or with null withdraw it.
   * @param {Segment} segment
   * @param {string | null} emotion
   * @param {string | null} [comment]
   */
  async correct(segment, emotion, comment = segment.correction?.comment ?? null) {
    const path = `/v1/jobs/${this.jobId}/segments/${segment.index}/correction`;
    this.problem = "";
    try {
      if (emotion) await request(path, { method: "PUT", json: { emotion, comment } });
      else await request(path, { method: "DELETE" });
      this.dispatchEvent(new Event("change"));
    } catch (error) {
      this.problem = messageOf(error);
      this.dispatchEvent(new Event("failed"));
    }
  }

  /** @param {string | null} emotion */
  correctCurrent(emotion) {
    const { current } = this;
    if (!current || (!emotion && !current.correction)) return;
    this.correct(current, emotion);
  }

  commentCurrent() {
    if (this.current) this.comment(this.current);
  }

  /** Ask for a comment on a segment; with it the shown emotion counts as confirmed. @param {Segment} segment */
  comment(segment) {
    const field = h("textarea", { id: "comment", maxLength: 1000, rows: 4, value: segment.correction?.comment ?? "" });
    const dialog = h("dialog", { "aria-labelledby": "comment-title" },
      h("label", { id: "comment-title", htmlFor: "comment" }, t("review.comment.on", { time: formatClock(segment.start_ms) })), field,
      h("div.actions", {},
        h("button", { type: "button", onclick: () => dialog.close("") }, t("cancel")),
        h("button.primary", { type: "button", onclick: () => dialog.close("save") }, t("review.save"))));
    dialog.addEventListener("close", () => {
      dialog.remove();
      if (dialog.returnValue === "save") this.correct(segment, segment.emotion, field.value.trim() || null);
    });
    document.body.append(dialog);
    dialog.showModal();
  }

  /** The analysed segments without a correction, the least sure first. */
  get unsure() {
    return this.player.segments.filter(({ status, correction }) => status === "ok" && !correction)
      .sort((a, b) => (a.confidence ?? 0) - (b.confidence ?? 0));
  }

  /** Play the segment of which the model is least sure, among those that were neither corrected nor played so. */
  playUnsure() {
    const segment = this.unsure.find(({ index }) => !this.played.has(index));
    if (!segment) {
      this.played.clear();
      return;
    }
    this.played.add(segment.index);
    this.player.playAlone(this.player.segments.indexOf(segment));
  }

  /** How many of the segments have a correction. */
  get progress() {
    const { segments } = this.player;
    return { done: segments.filter(({ correction }) => correction).length, total: segments.length };
  }
}
