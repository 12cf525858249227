/** The curve of a channel: valence, arousal or the score of an emotion over time; nothing is drawn where nobody speaks. */
import { t } from "../i18n.js";
import { colourOf } from "../palette.js";
import { findFirst } from "./axis.js";

/** @typedef {import("./axis.js").Axis} Axis */
/** @typedef {import("./theme.js").Theme} Theme */
/** @typedef {import("../api.js").Schemas["CurveDocument"]} CurveDocument */
/** @typedef {CurveDocument["channels"][number]} ChannelCurve */
/** @typedef {(number | null)[]} Values */

export const DERIVED = ["valence", "arousal"];
const PADDING = 6;

/**
 * The values of a measure, and their standard errors where it has them.
 * @param {ChannelCurve} curve
 * @param {string} measure "valence", "arousal" or an emotion
 * @returns {{values: Values, errors: Values | null}}
 */
export function readMeasure(curve, measure) {
  if (measure === "valence") return { values: curve.valence, errors: curve.valence_error };
  if (measure === "arousal") return { values: curve.arousal, errors: curve.arousal_error };
  return { values: curve.scores[measure] ?? [], errors: null };
}

/**
 * The value of a measure at a time, or null.
 * @param {CurveDocument} curve
 * @param {ChannelCurve} channel
 * @param {string} measure
 * @param {number} ms
 */
export const valueAt = (curve, channel, measure, ms) =>
  readMeasure(channel, measure).values[Math.floor(ms / curve.step_ms)] ?? null;

/**
 * Draw the curve with its band of one standard error, and the words of its scale beside it.
 * @param {CanvasRenderingContext2D} context
 * @param {Axis} axis
 * @param {CurveDocument} curve
 * @param {ChannelCurve} channel
 * @param {string} measure
 * @param {{top: number, height: number}} place in pixels
 * @param {Theme} theme
 */
export function drawCurve(context, axis, curve, channel, measure, { top, height }, theme) {
  const lowest = DERIVED.includes(measure) ? -1 : 0;
  const unit = (height - 2 * PADDING) / (1 - lowest);
  /** @param {number} value */
  const toY = (value) => top + PADDING + (1 - value) * unit;
  context.fillStyle = theme.lane;
  context.fillRect(axis.left, top, axis.width, height);
  context.fillStyle = theme.line;
  context.fillRect(axis.left, Math.round(toY(0)), axis.width, 1);
  context.save();
  context.beginPath();
  context.rect(axis.left, top, axis.width, height);
  context.clip();
  const { values, errors } = readMeasure(channel, measure);
  const colour = DERIVED.includes(measure) ? theme.accent : colourOf(measure);
  for (const run of visibleRuns(axis, curve, values)) drawRun(context, axis, curve, run, { values, errors, toY, colour });
  context.restore();
  context.font = `10px ${theme.font}`;
  context.fillStyle = theme.muted;
  context.textAlign = "right";
  const isDerived = DERIVED.includes(measure);
  context.fillText(isDerived ? t(`curve.${measure}.high`) : "100%", axis.left - 6, toY(1) + 12);
  context.fillText(isDerived ? t(`curve.${measure}.low`) : "0%", axis.left - 6, toY(lowest) - 3);
}

/**
 * The stretches without a gap that reach into the visible range, as first index and the index after the last.
 * @param {Axis} axis
 * @param {CurveDocument} curve
 * @param {Values} values
 */
function visibleRuns(axis, { time_ms, step_ms }, values) {
  const begin = Math.max(findFirst(time_ms, (time) => time >= axis.start - step_ms) - 1, 0);
  const end = Math.min(findFirst(time_ms, (time) => time > axis.end + step_ms) + 1, values.length);
  /** @type {[number, number][]} */
  const runs = [];
  let first = -1;
  for (let i = begin; i <= end; i++) {
    const isGap = i === end || values[i] === null;
    if (isGap && first >= 0) runs.push([first, i]);
    if (isGap) first = -1;
    else if (first < 0) first = i;
  }
  return runs;
}

/**
 * @param {CanvasRenderingContext2D} context
 * @param {Axis} axis
 * @param {CurveDocument} curve
 * @param {[number, number]} run
 * @param {{values: Values, errors: Values | null, toY: (value: number) => number, colour: string}} line
 */
function drawRun(context, axis, { time_ms, step_ms }, [first, last], { values, errors, toY, colour }) {
  /** @param {number} i @param {number} [error] */
  const yOf = (i, error = 0) => toY(Number(values[i]) + error * Number(errors?.[i] ?? 0));
  // The ends of a stretch reach over half a step, so that a single point is a line.
  const points = [[time_ms[first] - step_ms / 2, first], ...indices(first, last).map((i) => [time_ms[i], i]), [time_ms[last - 1] + step_ms / 2, last - 1]];
  if (errors) {
    context.beginPath();
    for (const [ms, i] of points) context.lineTo(axis.toPixel(ms), yOf(i, 1));
    for (const [ms, i] of points.reverse()) context.lineTo(axis.toPixel(ms), yOf(i, -1));
    points.reverse();
    context.globalAlpha = 0.16;
    context.fillStyle = colour;
    context.fill();
    context.globalAlpha = 1;
  }
  context.beginPath();
  for (const [ms, i] of points) context.lineTo(axis.toPixel(ms), yOf(i));
  context.strokeStyle = colour;
  context.lineWidth = 2;
  context.lineJoin = "round";
  context.stroke();
  context.lineWidth = 1;
}

/** @param {number} first @param {number} last */
const indices = (first, last) => Array.from({ length: last - first }, (_, i) => first + i);
