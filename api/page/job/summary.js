/** A recording in figures: shares, phases, changes, channels, quarters, peaks, transitions, gaps. */
import { h } from "../dom.js";
import { formatClock, formatNumber, formatPercent } from "../format.js";
import { channelName, emotionName, t } from "../i18n.js";
import { EMOTIONS, createSwatch } from "../palette.js";
import { createConversation } from "./conversation.js";
import { describeGaps } from "./properties.js";

/** @typedef {import("../api.js").Result} Result */
/** @typedef {Record<string, number>} Shares of the emotions, from 0 to 1 */
/** @typedef {(place: {channel: number, role: string | null}) => string} Prefix the channel's name, where there are several */

/** A longer list is read by nobody at once, and hundreds of rows take longer than the chart. */
const SHOWN_AT_ONCE = 12;
/** Pixels of a bar: as wide as any card. */
const BAR_WIDTH = 640;

/**
 * Create the cards of a result's summary.
 * @param {Result} result
 * @param {(ms: number) => void} onPlay called with a time of the recording
 */
export function createSummary(result, onPlay) {
  const { share_by_emotion, by_channel, by_quarter, peaks, transitions } = result.summary;
  const several = by_channel.length > 1;
  /** @type {Prefix} */
  const prefix = (place) => (several ? `${channelName(place)}, ` : "");
  const gaps = describeGaps(result).map((sentence) => h("li", {}, sentence));
  const channels = createBars(by_channel.map((channel) => [channelName(channel), channel.share_by_emotion]));
  const quarters = createBars(by_quarter.map((quarter) => [prefix(quarter) + formatSpan(quarter), quarter.share_by_emotion]));
  const matrices = by_channel.map((place) =>
    createCard("transitions", createTransitions(transitions.filter(({ channel }) => channel === place.channel)),
      t("transitions.about"), `transitions-${place.channel}`, several ? channelName(place) : ""));
  return h("section.found", { "aria-labelledby": "found" }, h("h2", { id: "found" }, t("findings")), h("div.cards", {},
    createCard("shares", createShares(share_by_emotion)),
    several && createCard("channels", channels),
    createCard("phases", createPhases(result.phases, prefix, onPlay), t("phases.about")),
    createCard("changes", createChanges(result.changes, prefix, onPlay), t("changes.about")),
    result.rises.length > 0 && createCard("rises", createRises(result.rises, prefix, onPlay), t("rises.about")),
    result.conversation && createCard("conversation", createConversation(result.conversation, onPlay)),
    createCard("quarters", quarters),
    createCard("peaks", createPeaks(peaks, onPlay, prefix), t("peaks.about")),
    ...matrices,
    createCard("coverage", h("ul.sentences", {}, ...gaps))));
}

/** @param {{start_ms: number, end_ms: number}} span */
const formatSpan = ({ start_ms, end_ms }) => `${formatClock(start_ms)} – ${formatClock(end_ms)}`;

/**
 * Return the figures beside a word of quantity.
 * @param {{share: number, speech_ms: number, confidence: number}} figures
 */
export const describeShare = ({ share, speech_ms, confidence }) =>
  ({ share: formatPercent(share), speech: formatClock(speech_ms), confidence: formatPercent(confidence) });

/**
 * @param {string} key
 * @param {HTMLElement | null} content
 * @param {string} [about]
 * @param {string} [id] where several cards have one key
 * @param {string} [channel] the name of the channel that it is about
 */
function createCard(key, content, about, id = key, channel = "") {
  return h("section.card", { "aria-labelledby": `card-${id}` },
    h("h3", { id: `card-${id}` }, channel ? `${t(key)} · ${channel}` : t(key)), about && h("p.about", {}, about), content ?? h("p.about", {}, t("nothing")));
}

/** @param {Shares} shares */
function createShares(shares) {
  const rows = Object.entries(shares).map(([emotion, share]) =>
    h("li", {}, h("span.name", {}, emotionName(emotion)), createBar({ [emotion]: share }), h("span.value", {}, formatPercent(share))));
  return rows.length ? h("ul.shares", {}, ...rows) : null;
}

/**
 * Create a bar for each row, with the greatest shares in words.
 * @param {[string, Shares][]} rows names and shares
 */
function createBars(rows) {
  const items = rows.map(([name, shares]) =>
    h("li", {}, h("span.name", {}, name), createBar(shares), h("span.about", {}, greatestShares(shares) || t("chart.silent"))));
  return items.length ? h("ul.stacks", {}, ...items) : null;
}

/** The greatest shares in words. @param {Shares} shares the greatest first */
export const greatestShares = (shares) =>
  Object.entries(shares).slice(0, 3).map(([emotion, share]) => `${emotionName(emotion)} ${formatPercent(share)}`).join(", ");

/**
 * Create a bar of the shares side by side, as parts of the whole width.
 * @param {Shares} shares
 */
export function createBar(shares) {
  const parts = Object.entries(shares).map(([emotion, share]) => {
    const part = h("span", {}, createSwatch(emotion, BAR_WIDTH, 14));
    part.style.width = `${share * 100}%`;
    return part;
  });
  return h("span.stack", { "aria-hidden": "true" }, ...parts);
}

/**
 * Create a button that plays from a time on.
 * @param {number} ms
 * @param {(ms: number) => void} onPlay
 * @param {string} [text]
 */
export function createMoment(ms, onPlay, text = formatClock(ms)) {
  const label = t("play.from", { time: formatClock(ms) });
  return h("button.plain.moment", { type: "button", "aria-label": label, title: label, onclick: () => onPlay(ms) }, `▶ ${text}`);
}

/**
 * Create a list whose rows beyond the first are made when somebody opens it.
 * @template Item
 * @param {Item[]} items
 * @param {(item: Item) => HTMLElement} createRow
 */
function createList(items, createRow) {
  const list = h("ul.sentences", {}, ...items.slice(0, SHOWN_AT_ONCE).map(createRow));
  const others = items.slice(SHOWN_AT_ONCE);
  if (!others.length) return list;
  const more = h("button.plain", { type: "button", onclick: () => {
    const rows = others.map(createRow);
    more.remove();
    list.append(...rows);
    rows[0].querySelector("button")?.focus();
  } }, t("list.more", { count: formatNumber(others.length) }));
  return h("div", {}, list, more);
}

/**
 * @param {Result["phases"]} phases
 * @param {Prefix} prefix
 * @param {(ms: number) => void} onPlay
 */
function createPhases(phases, prefix, onPlay) {
  if (!phases.length) return null;
  return createList(phases, (phase) =>
    h("li", {}, createMoment(phase.start_ms, onPlay, formatSpan(phase)), ` ${prefix(phase)}`, createSwatch(phase.emotion),
      ` ${emotionName(phase.emotion)} `, h("span.about", {}, t(`quantity.${phase.quantity}`, describeShare(phase)))));
}

/**
 * @param {Result["changes"]} changes
 * @param {Prefix} prefix
 * @param {(ms: number) => void} onPlay
 */
function createChanges(changes, prefix, onPlay) {
  if (!changes.length) return h("p.about", {}, t("changes.none"));
  return createList([...changes].sort((a, b) => a.time_ms - b.time_ms), (change) => {
    const { time_ms, rising, share_before, share_after, strength } = change;
    const values = { emotion: emotionName(rising), before: formatPercent(share_before), after: formatPercent(share_after) };
    return h("li", {}, createMoment(time_ms, onPlay), ` ${prefix(change)}`, createSwatch(rising), ` ${t("changes.rises", values)} `,
      h("span.about", {}, t("changes.strength", { strength: formatPercent(strength) })));
  });
}

/**
 * @param {Result["rises"]} rises
 * @param {Prefix} prefix
 * @param {(ms: number) => void} onPlay
 */
function createRises(rises, prefix, onPlay) {
  return createList(rises, (rise) => {
    const values = { emotion: emotionName(rise.emotion), score: formatPercent(rise.score), usual: formatPercent(rise.usual), speech: formatClock(rise.speech_ms) };
    return h("li", {}, createMoment(rise.start_ms, onPlay, formatSpan(rise)), ` ${prefix(rise)}`, createSwatch(rise.emotion),
      ` ${t("rises.more", values)}`);
  });
}

/**
 * @param {Result["summary"]["peaks"]} peaks
 * @param {(ms: number) => void} onPlay
 * @param {Prefix} prefix
 */
function createPeaks(peaks, onPlay, prefix) {
  const rows = peaks.map((peak) => {
    const { emotion, score, start_ms } = peak;
    const label = `${emotionName(emotion)} ${formatPercent(score)}, ${t("play.from", { time: formatClock(start_ms) })}`;
    return h("li", {}, h("button.plain.peak", { type: "button", onclick: () => onPlay(start_ms), "aria-label": label },
      h("span.triangle", {}, "▶"), createSwatch(emotion), h("span.name", {}, prefix(peak) + emotionName(emotion)),
      h("span.value", {}, formatClock(start_ms)), h("span.value", {}, formatPercent(score))));
  });
  return rows.length ? h("ul.peaks", {}, ...rows) : null;
}

/** @param {Result["summary"]["transitions"]} transitions */
function createTransitions(transitions) {
  if (!transitions.length) return null;
  const emotions = EMOTIONS.filter((emotion) => transitions.some(({ from, to }) => from === emotion || to === emotion));
  const highest = Math.max(...transitions.map(({ count }) => count));
  /** @param {string} from @param {string} to */
  const createCell = (from, to) => {
    const count = transitions.find((transition) => transition.from === from && transition.to === to)?.count ?? 0;
    const cell = h("td", {}, count || "");
    if (count) cell.style.setProperty("--depth", `${Math.round(12 + (count / highest) * 48)}%`);
    return cell;
  };
  const headings = emotions.map((emotion) => h("th", { scope: "col" }, emotionName(emotion)));
  const rows = emotions.map((from) =>
    h("tr", {}, h("th", { scope: "row" }, emotionName(from)), ...emotions.map((to) => createCell(from, to))));
  const heading = `card-transitions-${transitions[0]?.channel}`;
  return h("div.scroll", { tabIndex: 0, role: "group", "aria-labelledby": heading }, h("table.matrix", {},
    h("thead", {}, h("tr", {}, h("td.about", {}, t("transitions.from")), ...headings)),
    h("tbody", {}, ...rows)));
}
