/** A recording in figures: shares, channels, quarters, peaks, transitions, gaps. */
import { h } from "../element.js";
import { clock, percent } from "../format.js";
import { EMOTIONS, swatch } from "../palette.js";
import { channelName, emotionName, t } from "../words.js";
import { gaps } from "./facts.js";

/** Pixels that a bar is drawn for: as wide as any card. */
const BAR = 640;

/** @param {(index: number) => void} play plays the segment with this index */
export function summary(result, duration, play) {
  const { share_by_emotion, by_channel, by_quarter, peaks, transitions } = result.summary;
  return h("div.cards", {},
    card("shares", shares(share_by_emotion)),
    by_channel.length > 1 && card("channels", stacks(by_channel.map((own) => [channelName(own), own.share_by_emotion]))),
    card("quarters", stacks(by_quarter.map((own) => [`${clock(own.start_ms)} – ${clock(own.end_ms)}`, own.share_by_emotion]))),
    card("peaks", peakList(peaks, play), t("peaks.about")),
    card("transitions", matrix(transitions), t("transitions.about")),
    card("coverage", h("ul.sentences", {}, ...gaps(result, duration).map((sentence) => h("li", {}, sentence)))));
}

function card(key, content, about) {
  return h("section.card", { "aria-labelledby": `card-${key}` },
    h("h3", { id: `card-${key}` }, t(key)), about && h("p.about", {}, about), content ?? h("p.about", {}, t("nothing")));
}

function shares(byEmotion) {
  const rows = Object.entries(byEmotion).map(([emotion, share]) =>
    h("li", {}, h("span.name", {}, emotionName(emotion)), bar({ [emotion]: share }), h("span.value", {}, percent(share))));
  return rows.length ? h("ul.shares", {}, ...rows) : null;
}

function stacks(rows) {
  return rows.length ? h("ul.stacks", {}, ...rows.map(([name, byEmotion]) => h("li", {},
    h("span.name", {}, name), bar(byEmotion), h("span.about", {}, words(byEmotion))))) : null;
}

/** Shares side by side, as parts of the whole width. */
function bar(byEmotion) {
  const parts = Object.entries(byEmotion).map(([emotion, share]) => {
    const part = h("span", {}, swatch(emotion, BAR, 14));
    part.style.width = `${share * 100}%`;
    return part;
  });
  return h("span.stack", { "aria-hidden": "true" }, ...parts);
}

const words = (byEmotion) => Object.entries(byEmotion).slice(0, 3).map(([emotion, share]) =>
  `${emotionName(emotion)} ${percent(share)}`).join(", ") || t("chart.silent");

function peakList(peaks, play) {
  const rows = peaks.map(({ emotion, score, index, start_ms }) => h("li", {},
    h("button.plain.peak", { type: "button", onclick: () => play(index), "aria-label": `${emotionName(emotion)} ${percent(score)}, ${t("play.from", { time: clock(start_ms) })}` },
      h("span.triangle", {}, "▶"), swatch(emotion), h("span.name", {}, emotionName(emotion)),
      h("span.value", {}, clock(start_ms)), h("span.value", {}, percent(score)))));
  return rows.length ? h("ul.peaks", {}, ...rows) : null;
}

function matrix(transitions) {
  if (!transitions.length) return null;
  const met = EMOTIONS.filter((emotion) => transitions.some((it) => it.from === emotion || it.to === emotion));
  const most = Math.max(...transitions.map((it) => it.count));
  const cell = (from, to) => {
    const count = transitions.find((it) => it.from === from && it.to === to)?.count ?? 0;
    const field = h("td", {}, count || "");
    if (count) field.style.setProperty("--depth", `${Math.round(12 + (count / most) * 48)}%`);
    return field;
  };
  const heads = met.map((emotion) => h("th", { scope: "col" }, emotionName(emotion)));
  return h("div.scroll", { tabIndex: 0, role: "group", "aria-labelledby": "card-transitions" }, h("table.matrix", {},
    h("thead", {}, h("tr", {}, h("td.about", {}, t("transitions.from")), ...heads)),
    h("tbody", {}, ...met.map((from) => h("tr", {}, h("th", { scope: "row" }, emotionName(from)), ...met.map((to) => cell(from, to)))))));
}
