/** The times along the top of the chart. */
import { formatClock } from "../format.js";

const STEPS_MS = [100, 200, 500, 1e3, 2e3, 5e3, 1e4, 15e3, 3e4, 6e4, 12e4, 3e5, 6e5, 9e5, 18e5, 36e5, 72e5, 108e5];
const MIN_DISTANCE_PX = 76;

/**
 * Draw the times, and a line down from each.
 * @param {CanvasRenderingContext2D} context
 * @param {import("./axis.js").Axis} axis
 * @param {number} height of the ruler
 * @param {number} bottom of the lines
 * @param {import("./theme.js").Theme} theme
 */
export function drawRuler(context, axis, height, bottom, theme) {
  const step = STEPS_MS.find((ms) => ms / axis.msPerPixel >= MIN_DISTANCE_PX) ?? 216e5;
  context.textAlign = "left";
  for (let ms = Math.ceil(axis.start / step) * step; ms <= axis.end; ms += step) {
    const x = Math.round(axis.toPixel(ms)) + 0.5;
    context.fillStyle = theme.line;
    context.fillRect(x, height - 6, 1, 6);
    context.globalAlpha = 0.5;
    context.fillRect(x, height, 1, bottom - height);
    context.globalAlpha = 1;
    context.fillStyle = theme.muted;
    if (x < axis.left + axis.width - 30) context.fillText(formatClock(ms, step < 1000 ? 1 : 0), x + 4, height / 2);
  }
}
