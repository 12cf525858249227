/** The table of segments: only the rows that are in sight are elements, however many there are. */
import { ask } from "../api.js";
import { choice, h } from "../element.js";
import { clock, number, percent } from "../format.js";
import { EMOTIONS, swatch } from "../palette.js";
import { channelName, emotionName, named, t } from "../words.js";

const AROUND = 8;
const STATES = ["all", "ok", "skipped", "pending", "corrected"];

export class Segments {
  /** @param {any} player whose `segments` these are */
  constructor(jobId, player, signal) {
    Object.assign(this, { jobId, player, shown: player.segments, rows: new Map(), playing: null });
    const filter = () => this.filter();
    const emotions = [["", t("segments.all")], ...EMOTIONS.map((name) => [name, emotionName(name)])];
    this.emotion = choice({ onchange: filter, id: "of-emotion" }, emotions, "");
    this.state = choice({ onchange: filter, id: "of-state" }, STATES.map((name) => [name, t(`segments.${name}`)]), "all");
    this.least = h("input", { type: "range", min: 0, max: 100, step: 5, value: 0, oninput: filter, id: "of-least" });
    this.leastSays = h("output", { htmlFor: "of-least" }, percent(0));
    this.count = h("p.about", { role: "status" });
    this.problem = h("p.error", { role: "alert" });
    this.body = h("div.body", { role: "rowgroup" });
    const heads = ["play", "segments.time", "segments.channel", "segments.emotion", "segments.confidence", "segments.notes", "segments.true"];
    this.table = h("div.table", { role: "table", "aria-labelledby": "segments", "aria-rowcount": this.shown.length + 1, tabIndex: 0 },
      h("div", { role: "rowgroup", className: "top" }, h("div.row.heads", { role: "row", "aria-rowindex": 1 },
        ...heads.map((key) => h("span", { role: "columnheader" }, t(key))))), this.body);
    this.table.addEventListener("scroll", () => this.draw(), { passive: true });
    const sizes = new ResizeObserver(() => this.redraw());
    sizes.observe(this.table);
    player.addEventListener("change", () => this.mark());
    player.addEventListener("move", () => this.mark());
    signal.addEventListener("abort", () => sizes.disconnect());
    this.element = h("section.segments", { "aria-labelledby": "segments" },
      h("div.head", {}, h("h2", { id: "segments" }, t("segments")), this.count,
        h("label.filter", {}, t("segments.emotion"), this.emotion), h("label.filter", {}, t("segments.status"), this.state),
        h("label.filter", {}, t("segments.least"), this.least, this.leastSays)),
      this.problem, this.table);
    this.filter();
  }

  filter() {
    const [emotion, state, least] = [this.emotion.value, this.state.value, Number(this.least.value) / 100];
    this.leastSays.textContent = percent(least);
    const fits = (it) => (!emotion || it.emotion === emotion) && (!least || (it.confidence ?? 0) >= least)
      && (state === "all" || (state === "corrected" ? Boolean(it.correction) : it.status === state));
    this.shown = this.player.segments.map((segment, place) => ({ segment, place })).filter(({ segment }) => fits(segment));
    this.count.textContent = t("segments.of", { shown: number(this.shown.length), total: number(this.player.segments.length) });
    this.table.setAttribute("aria-rowcount", this.shown.length + 1);
    this.table.scrollTop = 0;
    this.redraw();
  }

  redraw() {
    this.rows.clear();
    this.height = parseFloat(getComputedStyle(this.table).getPropertyValue("--row")) || 44;
    this.body.replaceChildren();
    this.body.style.height = `${this.shown.length * this.height}px`;
    this.draw();
  }

  draw() {
    const first = Math.max(Math.floor(this.table.scrollTop / this.height) - AROUND, 0);
    const last = Math.min(first + Math.ceil(this.table.clientHeight / this.height) + 2 * AROUND, this.shown.length);
    for (const [i, row] of this.rows) {
      if (i >= first && i < last) continue;
      row.remove();
      this.rows.delete(i);
    }
    for (let i = first; i < last; i++) {
      if (!this.rows.has(i)) this.rows.set(i, this.put(i));
    }
    this.mark();
  }

  /** A row where it belongs among those in sight, so that the Tab key goes through them in order. */
  put(i) {
    const row = this.row(this.shown[i], i);
    const next = [...this.body.children].find((other) => Number(other.getAttribute("aria-rowindex")) > i + 2);
    this.body.insertBefore(row, next ?? null);
    return row;
  }

  row({ segment, place }, i) {
    const time = clock(segment.start_ms);
    const notes = [segment.status === "skipped" && named("reason", segment.reason), ...segment.flags.map((flag) => named("flag", flag))];
    const cell = (name, ...children) => h(`span.${name}`, { role: "cell" }, ...children);
    const row = h("div.row", { role: "row", "aria-rowindex": i + 2 },
      cell("play", h("button.plain", { type: "button", "aria-label": t("segments.play", { time }), onclick: () => this.toggle(place) }, "▶")),
      cell("time", `${clock(segment.start_ms, 1)} – ${clock(segment.end_ms, 1)}`),
      cell("channel", channelName(segment)),
      cell("emotion", swatch(segment.emotion), segment.status === "ok" ? emotionName(segment.emotion) : t(`segments.${segment.status}`)),
      cell("confidence", segment.confidence === null ? "" : percent(segment.confidence)),
      cell("notes", notes.filter(Boolean).join(", ")),
      cell("true", this.correction(segment, time)));
    row.style.transform = `translateY(${i * this.height}px)`;
    return row;
  }

  toggle(place) {
    if (this.player.playing && this.player.place === place) this.player.toggle();
    else this.player.play(place);
  }

  /** Where a reviewer says what a segment really is. */
  correction(segment, time) {
    const pairs = [["", t("segments.agree")], ...EMOTIONS.map((name) => [name, emotionName(name)])];
    const kept = segment.correction?.emotion ?? "";
    const select = choice({ "aria-label": t("segments.correct", { time }) }, pairs, kept);
    select.addEventListener("change", async () => {
      const path = `/v1/jobs/${this.jobId}/segments/${segment.index}/correction`;
      this.problem.textContent = "";
      try {
        if (select.value) {
          const answer = await ask(path, { method: "PUT", json: { emotion: select.value, comment: null } });
          segment.correction = (await answer.json()).correction;
        } else {
          await ask(path, { method: "DELETE" });
          segment.correction = null;
        }
      } catch (error) {
        this.problem.textContent = error.message;
        select.value = segment.correction?.emotion ?? "";
      }
    });
    return select;
  }

  /** Shows which segment is being heard. */
  mark() {
    const place = this.player.playing ? this.player.place : -1;
    for (const [i, row] of this.rows) {
      const heard = this.shown[i].place === place;
      if (row.classList.toggle("heard", heard) !== (row.dataset.heard === "true")) {
        row.dataset.heard = String(heard);
        row.querySelector(".play button").textContent = heard ? "❚❚" : "▶";
      }
    }
  }
}
