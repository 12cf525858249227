/** The table of segments: only the visible rows are elements, however many there are. */
import { createSelect, h } from "../dom.js";
import { formatClock, formatNumber, formatPercent } from "../format.js";
import { channelName, emotionName, t, translateCode } from "../i18n.js";
import { EMOTIONS, createSwatch } from "../palette.js";

/** @typedef {import("../api.js").Segment} Segment */
/** @typedef {import("./player.js").Player} Player */
/** @typedef {import("./review.js").Review} Review */
/**
 * A row that is an element, with its segment's place in the player's list.
 * @typedef {{element: HTMLElement, button: HTMLButtonElement, place: number, isPlaying: boolean}} Row
 */

/** Rows beyond the visible ones, above and below. */
const OVERSCAN = 8;
const STATES = ["all", "ok", "skipped", "pending", "corrected"];
const HEADINGS = [
  "play", "segments.time", "segments.channel", "segments.emotion", "segments.confidence", "segments.flags", "segments.true",
];

export class SegmentTable {
  /**
   * @param {Player} player whose `segments` it shows
   * @param {Review} review
   * @param {AbortSignal} signal
   */
  constructor(player, review, signal) {
    this.player = player;
    this.review = review;
    /** The segments that pass the filters, with their place in the player's list. @type {{segment: Segment, place: number}[]} */
    this.matches = [];
    /** The rows that are elements, by their index in `matches`. @type {Map<number, Row>} */
    this.rows = new Map();
    this.rowHeight = 0;
    const filter = () => this.filter();
    const emotions = [["", t("segments.all")], ...EMOTIONS.map((name) => [name, emotionName(name)])];
    this.emotion = createSelect({ onchange: filter, id: "of-emotion" }, emotions, "");
    this.state = createSelect({ onchange: filter, id: "of-state" }, STATES.map((name) => [name, t(`segments.${name}`)]), "all");
    this.confidence = h("input", { type: "range", min: 0, max: 100, step: 5, value: 0, oninput: filter, id: "of-least" });
    this.confidenceText = h("output", { htmlFor: "of-least" });
    this.count = h("p.about", { role: "status" });
    this.progress = h("p.about", { role: "status" });
    this.body = h("div.body", { role: "rowgroup" });
    this.table = h("div.table", { role: "table", "aria-labelledby": "segments", tabIndex: 0 },
      h("div", { role: "rowgroup", className: "top" }, h("div.row.heads", { role: "row", "aria-rowindex": 1 },
        ...HEADINGS.map((key) => h("span", { role: "columnheader" }, t(key))))), this.body);
    this.table.addEventListener("scroll", () => this.draw(), { passive: true });
    const resizes = new ResizeObserver(() => this.redraw());
    resizes.observe(this.table);
    signal.addEventListener("abort", () => resizes.disconnect());
    player.addEventListener("change", () => this.markPlaying());
    player.addEventListener("move", () => this.markPlaying());
    this.element = h("section.segments", { "aria-labelledby": "segments" },
      h("div.head", {}, h("h2", { id: "segments" }, t("segments")), this.count,
        h("label.filter", {}, t("segments.emotion"), this.emotion), h("label.filter", {}, t("segments.status"), this.state),
        h("label.filter", {}, t("segments.least"), this.confidence, this.confidenceText)),
      h("div.review", {}, h("button", { type: "button", onclick: () => review.playUnsure() }, t("review.unsure")), this.progress,
        h("p.about", {}, t("review.keys"))),
      this.table);
    this.filter();
  }

  /** Show the segments that pass the filters, from the first on or, with `keepsPlace`, where the table is. */
  filter({ keepsPlace = false } = {}) {
    const [emotion, state, confidence] = [this.emotion.value, this.state.value, Number(this.confidence.value) / 100];
    const { segments } = this.player;
    /** @param {Segment} segment */
    const passes = (segment) => (!emotion || segment.emotion === emotion) && (segment.confidence ?? 0) >= confidence
      && (state === "all" || (state === "corrected" ? segment.correction !== null : segment.status === state));
    this.matches = segments.map((segment, place) => ({ segment, place })).filter(({ segment }) => passes(segment));
    this.confidenceText.textContent = formatPercent(confidence);
    this.count.textContent = t("segments.of", { shown: formatNumber(this.matches.length), total: formatNumber(segments.length) });
    this.table.setAttribute("aria-rowcount", String(this.matches.length + 1));
    this.progress.textContent = t("review.progress", this.review.progress);
    if (!keepsPlace) this.table.scrollTop = 0;
    const focused = /** @type {HTMLElement | null} */ (document.activeElement);
    const label = keepsPlace && this.body.contains(focused) ? focused?.getAttribute("aria-label") : null;
    this.redraw();
    // Rows are new; the control that was in use stays in focus.
    const controls = /** @type {NodeListOf<HTMLElement>} */ (this.body.querySelectorAll("[aria-label]"));
    if (label) [...controls].find((control) => control.getAttribute("aria-label") === label)?.focus();
  }

  redraw() {
    this.rows.clear();
    this.rowHeight = parseFloat(getComputedStyle(this.table).getPropertyValue("--row")) || 44;
    this.body.replaceChildren();
    this.body.style.height = `${this.matches.length * this.rowHeight}px`;
    this.draw();
  }

  /** Remove the rows that are out of sight, and create the visible ones. */
  draw() {
    const first = Math.max(Math.floor(this.table.scrollTop / this.rowHeight) - OVERSCAN, 0);
    const last = Math.min(first + Math.ceil(this.table.clientHeight / this.rowHeight) + 2 * OVERSCAN, this.matches.length);
    for (const [i, row] of this.rows) {
      if (i >= first && i < last) continue;
      row.element.remove();
      this.rows.delete(i);
    }
    // Ordered like the segments, so that the Tab key goes through them in order.
    /** @type {Element | null} */
    let next = null;
    for (let i = last - 1; i >= first; i--) {
      const row = this.rows.get(i) ?? this.createRow(i);
      if (!this.rows.has(i)) {
        this.rows.set(i, row);
        this.body.insertBefore(row.element, next);
      }
      next = row.element;
    }
    this.markPlaying();
  }

  /**
   * @param {number} i index in `matches`
   * @returns {Row}
   */
  createRow(i) {
    const { segment, place } = this.matches[i];
    const time = formatClock(segment.start_ms);
    const notes = segment.flags.map((flag) => translateCode("flag", flag));
    if (segment.status === "skipped") notes.unshift(translateCode("reason", String(segment.reason)));
    const onclick = () => {
      if (this.player.isHeard(segment)) this.player.toggle();
      else this.player.play(place);
    };
    const button = h("button.plain", { type: "button", "aria-label": t("segments.play", { time }), onclick }, "▶");
    /** @param {string} name @param {...import("../dom.js").Child} children */
    const cell = (name, ...children) => h(`span.${name}`, { role: "cell" }, ...children);
    const element = h("div.row", { role: "row", "aria-rowindex": i + 2 },
      cell("play", button),
      cell("time", `${formatClock(segment.start_ms, 1)} – ${formatClock(segment.end_ms, 1)}`),
      cell("channel", channelName(segment)),
      cell("emotion", createSwatch(segment.emotion),
        segment.status === "ok" ? emotionName(segment.emotion) : t(`segments.${segment.status}`),
        segment.correction !== null && segment.model_emotion !== segment.emotion
          && h("span.about", {}, t("segments.was", { emotion: emotionName(segment.model_emotion) }))),
      cell("confidence", segment.confidence === null ? "" : formatPercent(segment.confidence)),
      cell("notes", h("span", { title: notes.join(", ") }, notes.join(", "))),
      cell("true", this.createCorrection(segment, time)));
    element.style.transform = `translateY(${i * this.rowHeight}px)`;
    return { element, button, place, isPlaying: false };
  }

  /**
   * Create the drop-down in which a reviewer corrects a segment's emotion, and the button for a comment.
   * @param {Segment} segment
   * @param {string} time of the segment, for its label
   */
  createCorrection(segment, time) {
    const options = [["", t("segments.agree")], ...EMOTIONS.map((name, i) => [name, `${i + 1} ${emotionName(name)}`])];
    const onchange = () => this.review.correct(segment, select.value || null);
    const select = createSelect({ "aria-label": t("segments.correct", { time }), onchange }, options, segment.correction?.emotion ?? "");
    const comment = segment.correction?.comment;
    const button = h("button.plain.comment", { type: "button", "aria-label": t("review.comment.on", { time }),
      title: comment ?? t("review.comment"), onclick: () => this.review.comment(segment) }, comment ? "✎ …" : "✎");
    return h("span.correction", {}, select, button);
  }

  /** Mark the rows of the segments that are heard, and of the one that keys correct. */
  markPlaying() {
    for (const row of this.rows.values()) {
      const segment = this.player.segments[row.place];
      const isPlaying = this.player.isHeard(segment);
      row.element.classList.toggle("chosen", this.player.place === row.place);
      if (isPlaying === row.isPlaying) continue;
      row.isPlaying = isPlaying;
      row.element.classList.toggle("heard", isPlaying);
      row.button.textContent = isPlaying ? "❚❚" : "▶";
    }
  }
}
