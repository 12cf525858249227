/** Calls side by side: a column for each call, a row for each thing to compare. */
import { getJob, getOutline, isAborted, messageOf } from "../api.js";
import { h } from "../dom.js";
import { formatClock, formatDate, formatPercent, formatSeconds } from "../format.js";
import { channelName, emotionName, t } from "../i18n.js";
import { createLegendOf } from "../job/legend.js";
import { createBar, describeShare, greatestShares } from "../job/summary.js";
import { drawLanes } from "../jobs/lanes.js";

/** @typedef {import("../api.js").Job} Job */
/** @typedef {import("../api.js").Result} Result */
/** @typedef {{job: Job, result: Result}} Call */
/** @typedef {import("../api.js").Schemas["ConversationDocument"]["channels"][number]} Talk */

/** More columns would be too narrow to read. */
export const MOST_CALLS = 4;

/**
 * Create the view.
 * @param {URLSearchParams} query `jobs`, the ids with commas between them
 * @param {AbortSignal} signal ends its requests
 */
export function createCompareView(query, signal) {
  const ids = (query.get("jobs") ?? "").split(",").filter(Boolean).slice(0, MOST_CALLS);
  const content = h("div", {}, "…");
  const load = async () => {
    try {
      const calls = await Promise.all(ids.map(async (id) => {
        const [job, result] = await Promise.all([getJob(id, signal), getOutline(id, signal)]);
        return { job, result };
      }));
      content.replaceChildren(calls.length ? createTable(calls) : h("p.empty", {}, t("compare.none")));
    } catch (error) {
      if (!isAborted(error)) content.replaceChildren(h("p.error", { role: "alert" }, messageOf(error)));
    }
  };
  load();
  return h("div.compare", {}, h("a.back", { href: "#/" }, `← ${t("back")}`), h("h1", { tabIndex: -1, id: "compare" }, t("compare.title")), content);
}

/** @param {Call[]} calls */
function createTable(calls) {
  /** A row, where any call has the value. @param {string} name @param {(call: Call) => import("../dom.js").Child} value */
  const row = (name, value) => {
    const values = calls.map(value);
    if (values.every((each) => each === null)) return null;
    return h("tr", {}, h("th", { scope: "row" }, name), ...values.map((each) => h("td", {}, each ?? h("span.about", {}, "–"))));
  };
  const names = [...new Set(calls.flatMap(({ result }) => result.summary.by_channel.map(channelName)))];
  const emotions = new Set(calls.flatMap(({ result }) => Object.keys(result.summary.share_by_emotion)));
  const headings = calls.map(({ job }) => h("th", { scope: "col" }, h("a", { href: `#/jobs/${job.id}` }, job.audio.filename || job.id)));
  const table = h("table", {},
    h("thead", {}, h("tr", {}, h("td", {}), ...headings)),
    h("tbody", {},
      row(t("fact.length"), ({ job }) => `${formatClock(job.audio.duration_ms ?? 0)} · ${formatDate(job.config.metadata?.recorded_at ?? job.created_at)}`),
      row(t("compare.timeline"), createLanes),
      ...names.map((name) => row(name, (call) => createChannel(call, name))),
      ...names.map((name) => row(t("compare.end", { name }), (call) => createLastQuarter(call, name))),
      row(t("talk.time"), (call) => describeTalk(call, ({ talk_share }) => formatPercent(talk_share))),
      row(t("talk.answers"), (call) => describeTalk(call, ({ answers }) => answers && formatSeconds(answers.median_ms))),
      row(t("talk.interruptions"), (call) => describeTalk(call, ({ interruptions }) => interruptions)),
      row(t("compare.alerts"), ({ job }) => job.alerts.map(({ name }) => name).join(", ") || null)));
  table.style.setProperty("--calls", String(calls.length));
  return h("div", {}, h("div.scroll", { tabIndex: 0, role: "group", "aria-labelledby": "compare" }, table), createLegendOf(emotions));
}

/** @param {Call} call */
function createLanes({ job, result }) {
  const canvas = h("canvas.lanes", { "aria-hidden": "true" });
  drawLanes(canvas, result.timeline, job.audio.duration_ms ?? 1);
  return canvas;
}

/** The emotion that leads in a channel, and the shares. @param {Call} call @param {string} name of the channel */
function createChannel({ result }, name) {
  const channel = result.summary.by_channel.find((each) => channelName(each) === name);
  if (!channel) return null;
  const { emotion, quantity } = channel.dominant;
  return h("div", {}, h("strong", {}, emotionName(emotion)), h("p.about", {}, t(`quantity.${quantity}`, describeShare(channel.dominant))),
    createBar(channel.share_by_emotion), h("p.about", {}, greatestShares(channel.share_by_emotion)));
}

/** The shares with which a call ends. @param {Call} call @param {string} name of the channel */
function createLastQuarter({ result }, name) {
  const quarter = result.summary.by_quarter.findLast((each) => channelName(each) === name);
  if (!quarter) return null;
  return h("div", {}, createBar(quarter.share_by_emotion), h("p.about", {}, greatestShares(quarter.share_by_emotion) || t("chart.silent")));
}

/** A figure of each channel that has it. @param {Call} call @param {(talk: Talk) => string | number | null} value */
function describeTalk({ result }, value) {
  const channels = result.conversation?.channels ?? [];
  const figures = channels.filter((talk) => value(talk) !== null).map((talk) => `${channelName(talk)} ${value(talk)}`);
  return figures.join(", ") || null;
}
