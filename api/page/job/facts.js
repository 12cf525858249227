/** What a job is: its recording, model, coverage, and what was left out and why. */
import { h } from "../element.js";
import { clock, number, percent, when } from "../format.js";
import { named, t } from "../words.js";

export function facts(job) {
  const { audio, model, coverage } = job;
  const rows = [
    ["length", audio.duration_ms === null ? null : clock(audio.duration_ms)],
    ["sound", [audio.codec, audio.sample_rate && `${number(audio.sample_rate)} Hz`].filter(Boolean).join(", ")],
    ["channels", channels(audio)],
    ["coverage", coverage.speech_ms ? covered(coverage) : null],
    ["model", model && [model.id, model.revision].filter(Boolean).join(" · ")],
    ["submitted", when(job.created_at)],
  ];
  const list = rows.filter(([, value]) => value).map(([key, value]) =>
    h("div", {}, h("dt", {}, t(`fact.${key}`)), h("dd", {}, value)));
  return h("div.about-job", {}, h("dl.facts", {}, ...list), ...notices(job));
}

function channels({ channels: count, channel_mode }) {
  if (count === null) return null;
  return count === 1 ? t("fact.mono") : t(`fact.${channel_mode ?? "mix"}`, { count });
}

const covered = ({ speech_ms, analysed_ms }) =>
  t("fact.coverage.of", { analysed: clock(analysed_ms), speech: clock(speech_ms), share: percent(analysed_ms / speech_ms) });

function notices(job) {
  const alerts = job.alerts.map((alert) =>
    t("fact.alert", { name: alert.name, heard: clock(alert.heard_ms), start: clock(alert.start_ms) }));
  const warnings = job.audio.warnings.map((code) => named("warning", code));
  return [
    job.model?.notice && h("p.notice", { role: "note" }, job.model.notice),
    ...[...alerts, ...warnings].map((sentence) => h("p.notice", { role: "note" }, sentence)),
  ].filter(Boolean);
}

/** Sentences about the gaps: silence, and skipped segments by their reason. */
export function gaps({ segments, coverage }, duration) {
  const reasons = new Map();
  for (const segment of segments.filter((it) => it.status === "skipped")) {
    const of = reasons.get(segment.reason) ?? { count: 0, ms: 0 };
    reasons.set(segment.reason, { count: of.count + 1, ms: of.ms + segment.end_ms - segment.start_ms });
  }
  const skipped = [...reasons].map(([reason, { count, ms }]) =>
    t("gap.skipped", { count: number(count), time: clock(ms), reason: named("reason", reason) }));
  const silent = Math.max(duration - union(segments), 0);
  return [
    coverage.speech_ms ? `${t("fact.coverage")}: ${covered(coverage)}` : null,
    ...(skipped.length ? skipped : [t("gap.none")]),
    silent > 0 ? t("gap.silence", { time: clock(silent) }) : null,
  ].filter(Boolean);
}

/** How long at least one of the segments, which come by their start, lasts. */
function union(segments) {
  let [end, sum] = [0, 0];
  for (const { start_ms, end_ms } of segments) {
    sum += Math.max(end_ms - Math.max(start_ms, end), 0);
    end = Math.max(end, end_ms);
  }
  return sum;
}
