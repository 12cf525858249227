/** Trends over many calls: the mean shares of the emotions by day, week, role or metadata, each group a link to its calls. */
import { getInsights, isAborted, messageOf } from "../api.js";
import { createSelect, h } from "../dom.js";
import { formatClock, formatNumber, formatPercent } from "../format.js";
import { emotionName, t } from "../i18n.js";
import { PARTS, offerRoles } from "../jobs/filters.js";
import { EMOTIONS, createSwatch } from "../palette.js";

/** @typedef {import("../api.js").Schemas["InsightGroupDocument"]} Group */

const GROUPINGS = ["week", "day", "role", "metadata"];
const DAY_MS = 24 * 3600 * 1000;
const DAYS = { day: 1, week: 7 };
const BAR_WIDTH = 640;

/**
 * Create the view.
 * @param {URLSearchParams} query of the page's address
 * @param {AbortSignal} signal ends its requests
 */
export function createTrendsView(query, signal) {
  const view = new TrendsView(query, signal);
  view.load();
  return view.element;
}

class TrendsView {
  /**
   * @param {URLSearchParams} query
   * @param {AbortSignal} signal
   */
  constructor(query, signal) {
    this.signal = signal;
    const onchange = () => this.change();
    const [grouping, key] = (query.get("group_by") ?? "week").split(/\.(.*)/);
    this.grouping = createSelect({ id: "group-by", onchange }, GROUPINGS.map((name) => [name, t(`trends.by.${name}`)]), grouping);
    this.key = h("input", { type: "text", id: "group-key", placeholder: "team", value: key ?? "", onchange });
    this.channel = createSelect({ id: "trend-channel", onchange }, [["", t("filter.channel.all")]], "");
    this.emotion = createSelect({ id: "trend-emotion", onchange }, EMOTIONS.map((name) => [name, emotionName(name)]), query.get("emotion") ?? "angry");
    this.part = createSelect({ id: "trend-part", onchange }, PARTS.map((part) => [part, t(`filter.part.${part}`)]), query.get("part") ?? "whole");
    this.problem = h("p.error", { role: "alert" });
    this.groups = h("div.groups");
    this.loadRoles(query.get("channel") ?? "");
    /** @param {string} name @param {HTMLElement} field */
    const label = (name, field) => h("label.filter", { htmlFor: field.id }, t(name), field);
    this.keyLabel = label("trends.key", this.key);
    this.element = h("div.trends", {},
      h("h1", { tabIndex: -1 }, t("trends")), h("p.about", {}, t("trends.about")),
      h("div.filters", {}, label("trends.by", this.grouping), this.keyLabel, label("filter.channel", this.channel),
        label("filter.part", this.part), label("filter.emotion", this.emotion)),
      this.problem, this.groups);
  }

  /** @param {string} chosen */
  async loadRoles(chosen) {
    await offerRoles(this.channel, chosen, this.signal);
    if (chosen) this.load();
  }

  get query() {
    const query = new URLSearchParams();
    const key = this.key.value.trim();
    query.set("group_by", this.grouping.value === "metadata" && key ? `metadata.${key}` : this.grouping.value);
    if (this.channel.value) query.set("channel", this.channel.value);
    // The part is one of an emotion, which insights has for all of them.
    if (this.part.value !== "whole") query.set("part", this.part.value);
    return query;
  }

  change() {
    const query = this.query;
    query.set("emotion", this.emotion.value);
    history.replaceState(null, "", `#/trends?${query}`);
    this.load();
  }

  async load() {
    this.keyLabel.hidden = this.grouping.value !== "metadata";
    if (this.grouping.value === "metadata" && !this.key.value.trim()) {
      this.groups.replaceChildren(h("p.empty", {}, t("trends.key.needed")));
      return;
    }
    try {
      const { data } = await getInsights(this.query, this.signal);
      this.problem.textContent = "";
      this.groups.replaceChildren(data.some(({ calls }) => calls) ? this.createTable(data) : h("p.empty", {}, t("trends.none")));
    } catch (error) {
      if (!isAborted(error)) this.problem.textContent = messageOf(error);
    }
  }

  /** @param {Group[]} groups */
  createTable(groups) {
    const emotion = this.emotion.value;
    const headings = ["group", "calls", "coverage"].map((name) => t(`trends.${name}`));
    const heads = [...headings, emotionName(emotion), t("trends.shares")].map((text) => h("th", { scope: "col" }, text));
    return h("div.scroll", { tabIndex: 0, role: "group", "aria-label": t("trends") }, h("table.trend", {},
      h("thead", {}, h("tr", {}, ...heads)), h("tbody", {}, ...groups.map((group) => this.createRow(group, emotion)))));
  }

  /**
   * @param {Group} group
   * @param {string} emotion
   */
  createRow(group, emotion) {
    const share = group.share_by_emotion[emotion];
    const interval = share && share.low !== null && share.high !== null ? ` (${formatPercent(share.low)} – ${formatPercent(share.high)})` : "";
    const address = this.listAddress(group.group);
    const name = group.group ?? t("trends.without");
    const coverage = group.coverage === null ? "–" : `${formatPercent(group.coverage)} / ${formatClock(group.speech_ms)}`;
    return h("tr", {},
      h("th", { scope: "row" }, address ? h("a", { href: address }, name) : name),
      h("td", {}, formatNumber(group.calls)),
      h("td", {}, coverage),
      h("td", {}, share ? formatPercent(share.mean) : formatPercent(0), h("span.about", {}, interval)),
      h("td.mix", {}, createBar(group, address)));
  }

  /** The address of the list of a group's calls, the worst first. @param {string | null} name */
  listAddress(name) {
    if (name === null) return null;
    const query = new URLSearchParams({ emotion: this.emotion.value, sort: "-share" });
    if (this.channel.value) query.set("channel", this.channel.value);
    if (this.part.value !== "whole") query.set("part", this.part.value);
    const days = DAYS[/** @type {keyof typeof DAYS} */ (this.grouping.value)];
    if (days) {
      query.set("recorded_after", name);
      query.set("recorded_before", new Date(Date.parse(name) + (days - 1) * DAY_MS).toISOString().slice(0, 10));
    } else if (this.grouping.value === "role") {
      query.set("channel", name);
    } else {
      query.set("metadata", `${this.key.value.trim()}=${name}`);
    }
    return `#/?${query}`;
  }
}

/**
 * Create the bar of a group's mean shares, which leads to its calls.
 * @param {Group} group
 * @param {string | null} address
 */
function createBar({ share_by_emotion }, address) {
  const shares = EMOTIONS.flatMap((emotion) => (emotion in share_by_emotion ? [[emotion, share_by_emotion[emotion].mean]] : []));
  const parts = shares.map(([emotion, mean]) => {
    const part = h("span", { title: `${emotionName(String(emotion))} ${formatPercent(Number(mean))}` }, createSwatch(String(emotion), BAR_WIDTH, 18));
    part.style.width = `${Number(mean) * 100}%`;
    return part;
  });
  const bar = h("span.stack", { "aria-hidden": "true" }, ...parts);
  return address ? h("a", { href: address, tabIndex: -1, "aria-hidden": "true" }, bar) : bar;
}
