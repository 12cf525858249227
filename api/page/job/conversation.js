/** The figures of the conversation: how much each channel talks, how soon it answers, how often it interrupts. */
import { h } from "../dom.js";
import { formatClock, formatPercent, formatSeconds } from "../format.js";
import { channelName, emotionName, t } from "../i18n.js";
import { createMoment } from "./summary.js";

/** @typedef {import("../api.js").Schemas["ConversationDocument"]} Conversation */
/** @typedef {Conversation["channels"][number]} Talk */

/**
 * Create the table of the channels, and sentences of what concerns both.
 * @param {Conversation} conversation
 * @param {(ms: number) => void} onPlay
 */
export function createConversation({ channels, overlap_ms, silence_ms, longest_silence, responses }, onPlay) {
  /** @param {string} key @param {(talk: Talk) => import("../dom.js").Child} value */
  const row = (key, value) => {
    const cells = channels.map((talk) => h("td", {}, value(talk) ?? "–"));
    return channels.some((talk) => value(talk) !== null) ? h("tr", {}, h("th", { scope: "row" }, t(`talk.${key}`)), ...cells) : null;
  };
  const table = h("table.talk", {},
    h("thead", {}, h("tr", {}, h("td", {}), ...channels.map((talk) => h("th", { scope: "col" }, channelName(talk))))),
    h("tbody", {},
      row("time", ({ talk_ms, talk_share }) => `${formatClock(talk_ms)} (${formatPercent(talk_share)})`),
      row("longest", ({ longest_turn }) =>
        longest_turn && createMoment(longest_turn.start_ms, onPlay, formatClock(longest_turn.end_ms - longest_turn.start_ms))),
      row("turns", ({ turns }) => turns),
      row("answers", ({ answers }) => answers && formatSeconds(answers.median_ms)),
      row("interruptions", ({ interruptions }) => interruptions),
      row("backchannels", ({ backchannels }) => backchannels),
      row("level", ({ level_dbfs }) => (level_dbfs === null ? null : `${Math.round(level_dbfs)} dBFS`))));
  const sentences = [
    overlap_ms !== null && t("talk.overlap", { time: formatClock(overlap_ms) }),
    silence_ms !== null && t("talk.silence", { time: formatClock(silence_ms) }),
  ].filter(Boolean).map((sentence) => h("li", {}, String(sentence)));
  if (longest_silence) {
    const length = formatClock(longest_silence.end_ms - longest_silence.start_ms);
    sentences.push(h("li", {}, `${t("talk.longest_silence")} `, createMoment(longest_silence.start_ms, onPlay, length)));
  }
  for (const response of responses) {
    const answers = Object.entries(response.answers).map(([emotion, count]) => `${emotionName(emotion)} ${count}`).join(", ");
    const values = { channel: channelName(response), emotion: emotionName(response.emotion), cases: response.cases, answers };
    sentences.push(h("li", {}, t("talk.response", values)));
  }
  return h("div.conversation", {}, table, h("ul.sentences", {}, ...sentences));
}
