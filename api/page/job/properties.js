/** The properties of a job: its recording, model, coverage, warnings and alerts. */
import { h } from "../dom.js";
import { formatClock, formatDate, formatNumber, formatPercent } from "../format.js";
import { channelName, t, translateCode, translateNotice } from "../i18n.js";
import { momentHash } from "./share.js";

/** @typedef {import("../api.js").Job} Job */
/** @typedef {import("../api.js").Result} Result */

/**
 * Create the list of a job's properties, and its notices.
 * @param {Job} job
 */
export function createProperties(job) {
  const { audio, model, coverage } = job;
  const rows = [
    ["length", audio.duration_ms === null ? null : formatClock(audio.duration_ms)],
    ["sound", [audio.codec, audio.sample_rate && `${formatNumber(audio.sample_rate)} Hz`].filter(Boolean).join(", ")],
    ["channels", describeChannels(audio)],
    ["tracks", audio.tracks.map(describeTrack).join("; ")],
    ["coverage", coverage.speech_ms ? describeCoverage(coverage) : null],
    ["model", model && [model.id, model.revision].filter(Boolean).join(" · ")],
    ["purpose", job.config.purpose],
    ["legal_basis", job.config.legal_basis],
    ["submitted", formatDate(job.created_at)],
    ["kept", describeRetention(job)],
  ];
  const list = rows.filter(([, value]) => value).map(([key, value]) =>
    h("div", {}, h("dt", {}, t(`fact.${key}`)), h("dd", {}, value)));
  const warnings = audio.warnings.map((code) => translateCode("warning", code));
  const notices = [...(model?.notice ? [translateNotice(model.id, model.notice)] : []), ...warnings];
  return h("div.about-job", {}, h("dl.facts", {}, ...list),
    ...job.alerts.map((alert) => createAlert(job, alert)),
    ...notices.map((notice) => h("p.notice", { role: "note" }, notice)));
}

/**
 * @param {Job} job
 * @param {Job["alerts"][number]} alert
 */
function createAlert(job, { name, heard_ms, start_ms, heard_in }) {
  const isSplit = heard_in !== null && job.audio.channel_mode === "split";
  const channel = isSplit ? channelName({ channel: heard_in, role: job.config.roles?.[heard_in] ?? null }) : "";
  const values = { name, heard: formatClock(heard_ms), start: formatClock(start_ms), channel };
  return h("p.notice", { role: "note" }, t(channel ? "fact.alert.in" : "fact.alert", values), " ",
    h("a", { href: momentHash(job.id, start_ms) }, t("play.from", { time: formatClock(start_ms) })));
}

/** Until when sound and results are kept, where that was chosen. @param {Job} job */
function describeRetention({ config: { retention }, finished_at }) {
  if (finished_at === null) return null;
  /** @param {"audio" | "results"} kind @param {number | null | undefined} seconds */
  const describe = (kind, seconds) => {
    if (seconds === null || seconds === undefined) return null;
    return t(`fact.kept.${kind}`, { date: formatDate(new Date(Date.parse(finished_at) + 1000 * seconds).toISOString()) });
  };
  return [describe("audio", retention?.audio_s), describe("results", retention?.results_s)].filter(Boolean).join(", ");
}

/** @param {Job["audio"]} audio */
function describeChannels({ channels: count, channel_mode }) {
  if (count === null) return null;
  return count === 1 ? t("fact.mono") : t(`fact.${channel_mode ?? "mix"}`, { count });
}

/** @param {Job["audio"]["tracks"][number]} track */
function describeTrack({ number, title, language, codec, duration_ms, silent, analysed }) {
  const length = duration_ms === null ? null : formatClock(duration_ms);
  const states = [silent && t("fact.track.silent"), analysed && t("fact.track.analysed")];
  return `${number}: ${[title, language, codec, length, ...states].filter(Boolean).join(", ")}`;
}

/** @param {Job["coverage"]} coverage */
function describeCoverage({ speech_ms, analysed_ms }) {
  const share = formatPercent(analysed_ms / speech_ms);
  return t("fact.coverage.of", { analysed: formatClock(analysed_ms), speech: formatClock(speech_ms), share });
}

/**
 * Describe where the time of a recording went, and skipped segments by their reason.
 * @param {Result} result
 * @returns {string[]} sentences
 */
export function describeGaps({ segments, coverage, time }) {
  /** @type {Map<string, {count: number, ms: number}>} */
  const reasons = new Map();
  for (const { status, reason, speech_ms } of segments) {
    if (status !== "skipped") continue;
    const total = reasons.get(String(reason)) ?? { count: 0, ms: 0 };
    reasons.set(String(reason), { count: total.count + 1, ms: total.ms + speech_ms });
  }
  const account = t(time.channels > 1 ? "gap.account.channels" : "gap.account", {
    channels: time.channels, sound: formatClock(time.sound_ms), analysed: formatClock(time.analysed_ms),
    missed: formatClock(time.missed_ms), silence: formatClock(time.silence_ms),
  });
  const skipped = [...reasons].map(([reason, { count, ms }]) =>
    t("gap.skipped", { count: formatNumber(count), time: formatClock(ms), reason: translateCode("reason", reason) }));
  const sentences = skipped.length ? skipped : [t("gap.none")];
  if (coverage.speech_ms) sentences.unshift(account);
  if (coverage.not_speech_ms) sentences.push(t("gap.not_speech", { time: formatClock(coverage.not_speech_ms) }));
  return sentences;
}
