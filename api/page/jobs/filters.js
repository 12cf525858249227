/** The conditions and the order of the list: fields over the parameters of `GET /v1/jobs`, which are kept in the page's address. */
import { getInsights } from "../api.js";
import { createSelect, h } from "../dom.js";
import { formatPercent } from "../format.js";
import { emotionName, t } from "../i18n.js";
import { EMOTIONS } from "../palette.js";

const STATUSES = ["queued", "processing", "succeeded", "failed", "canceled"];
export const PARTS = ["whole", "first_quarter", "second_quarter", "third_quarter", "last_quarter"];
const SHARES = ["0.1", "0.25", "0.5", "0.75"];
const SORTS = ["-submitted", "submitted", "-worst_minute", "-share", "-length", "name", "-interruptions", "-talk_share"];
const NO_PARAMETERS = { part: "whole", sort: "-submitted" };
/** Typing is over when no key was pressed for this long. */
const TYPED_MS = 250;

/** @typedef {HTMLSelectElement | HTMLInputElement} Field */

export class Filters {
  /**
   * @param {URLSearchParams} query of the page's address
   * @param {() => void} onChange
   */
  constructor(query, onChange) {
    this.onChange = onChange;
    const any = ["", t("jobs.any")];
    /** @param {string[]} values @param {(value: string) => string} text */
    const options = (values, text) => [any, ...values.map((value) => [value, text(value)])];
    /** @param {string[][]} choices */
    const select = (choices) => createSelect({ onchange: () => this.change() }, choices, "");
    /** @param {string} type @param {string} [placeholder] */
    const input = (type, placeholder) => h("input", { type, placeholder, maxLength: 64, oninput: () => this.type() });
    const yes = (/** @type {string} */ value) => t(`filter.${value}`);
    /** The fields by their parameters. @type {Record<string, Field>} */
    this.fields = {
      emotion: select(options(EMOTIONS, emotionName)),
      channel: select([["", t("filter.channel.all")]]),
      part: select(PARTS.map((part) => [part, t(`filter.part.${part}`)])),
      min_share: select([["", t("filter.min_share.any")], ...SHARES.map((share) => [share, t("filter.min_share.least", { share: formatPercent(Number(share)) })])]),
      has_alerts: select(options(["true", "false"], yes)),
      name: input("search"),
      sort: select(SORTS.map((sort) => [sort, t(`sort.${sort}`)])),
      status: select(options(STATUSES, (status) => t(`status.${status}`))),
      recorded_after: input("date"),
      recorded_before: input("date"),
      metadata: input("text", "team=berlin"),
      has_corrections: select(options(["true", "false"], yes)),
    };
    for (const [name, field] of Object.entries(this.fields)) field.id = `filter-${name}`;
    this.setQuery(query);
    offerRoles(/** @type {HTMLSelectElement} */ (this.fields.channel), query.get("channel") ?? "");
    this.element = this.createElement();
    this.timer = 0;
  }

  createElement() {
    /** @param {string} name */
    const label = (name) => h("label.filter", { htmlFor: `filter-${name}` }, t(`filter.${name}`), this.fields[name]);
    const more = ["status", "recorded_after", "recorded_before", "metadata", "has_corrections"];
    const isOpen = more.some((name) => this.fields[name].value);
    return h("div.filters", {},
      ...["emotion", "channel", "part", "min_share", "has_alerts", "name", "sort"].map(label),
      h("details.more", { open: isOpen }, h("summary", {}, t("filter.more")), h("div.filters", {}, ...more.map(label))),
      h("button.plain", { type: "button", onclick: () => this.clear() }, t("filter.clear")));
  }

  /** Show the conditions of an address. @param {URLSearchParams} query */
  setQuery(query) {
    for (const [name, field] of Object.entries(this.fields)) {
      const value = query.get(name) ?? NO_PARAMETERS[/** @type {keyof typeof NO_PARAMETERS} */ (name)] ?? "";
      field.value = value;
    }
    this.enable();
  }

  /** Part, share and the order by share are those of an emotion. */
  enable() {
    const { emotion, part, min_share, sort } = this.fields;
    part.disabled = min_share.disabled = !emotion.value;
    if (!emotion.value) {
      part.value = "whole";
      min_share.value = "";
      if (sort.value === "-share") sort.value = "-submitted";
    }
    const byShare = [.../** @type {HTMLSelectElement} */ (sort).options].find(({ value }) => value === "-share");
    if (byShare) byShare.disabled = !emotion.value;
  }

  /** The values of the fields, those left out that nobody chose: the parameters of the page's address. */
  get address() {
    const chosen = Object.entries(this.fields).filter(([name, { value, disabled }]) =>
      value && !disabled && value !== NO_PARAMETERS[/** @type {keyof typeof NO_PARAMETERS} */ (name)]);
    return new URLSearchParams(chosen.map(([name, { value }]) => [name, value]));
  }

  /** The parameters of the request. */
  get query() {
    const query = this.address;
    const [after, before, metadata] = ["recorded_after", "recorded_before", "metadata"].map((name) => query.get(name));
    if (after) query.set("recorded_after", dayStart(after, 0));
    if (before) query.set("recorded_before", dayStart(before, 1));
    if (metadata && !metadata.includes("=")) query.delete("metadata");
    return query;
  }

  get isFiltering() {
    return [...this.address.keys()].some((name) => name !== "sort");
  }

  type() {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.change(), TYPED_MS);
  }

  change() {
    this.enable();
    const query = this.address.toString();
    history.replaceState(null, "", query ? `#/?${query}` : "#/");
    this.onChange();
  }

  clear() {
    this.setQuery(new URLSearchParams());
    this.change();
  }
}

/**
 * Offer the roles of all calls, and the chosen one even where there is none any more.
 * @param {HTMLSelectElement} select
 * @param {string} chosen
 * @param {AbortSignal} [signal]
 */
export async function offerRoles(select, chosen, signal) {
  const insights = await getInsights(new URLSearchParams({ group_by: "role" }), signal).catch(() => null);
  const roles = insights?.data.flatMap(({ group }) => (group === null ? [] : [group])) ?? [];
  const names = [...new Set([...roles, ...(chosen ? [chosen] : [])])];
  select.append(...names.map((name) => h("option", { value: name, selected: name === chosen }, name)));
}

/**
 * The first moment of a day in UTC, as insights count days.
 * @param {string} day such as 2026-11-30
 * @param {number} after days after it
 */
const dayStart = (day, after) => new Date(Date.parse(`${day}T00:00:00Z`) + after * 24 * 3600 * 1000).toISOString();
