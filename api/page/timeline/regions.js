/** Stretches of one emotion: a band with colour, pattern and name, and its tint behind the waveform. */
import { colour, ink, paint } from "../palette.js";
import { emotionName } from "../words.js";
import { meeting } from "./axis.js";

const BAND = 18;

/**
 * Draws the stretches of a lane that are shown, and gives the colour of the waveform in each column of pixels.
 * `faint(item)` are drawn weakly.
 */
export function drawRegions(context, axis, items, { top, bottom }, look, faint) {
  const columns = new Array(Math.ceil(axis.width)).fill(look.quiet);
  const [first, last] = meeting(items, axis.start, axis.end);
  let drawn = -1;
  context.textAlign = "left";
  for (let i = first; i < last; i++) {
    const item = items[i];
    const from = Math.max(axis.x(item.start_ms), axis.left);
    const to = Math.min(Math.max(axis.x(item.end_ms), from + 1), axis.left + axis.width);
    if (to <= drawn + 0.5) continue;  // within the last pixel
    drawn = to;
    const weak = faint(item);
    context.globalAlpha = weak ? 0.25 : 1;
    paint(context, item.emotion, from, top, to - from, BAND);
    context.globalAlpha = weak ? 0.05 : 0.16;
    context.fillStyle = colour(item.emotion);
    context.fillRect(from, top + BAND, to - from, bottom - top - BAND);
    context.globalAlpha = 1;
    if (item.status === "skipped") outline(context, from, top, to - from, bottom - top, look);
    if (!weak && to - from > 34) name(context, item.emotion, from, to, top);
    const tone = weak ? look.quiet : look.wave(item.emotion);
    columns.fill(tone, Math.floor(from - axis.left), Math.ceil(to - axis.left));
  }
  return columns;
}

function outline(context, x, y, width, height, look) {
  context.strokeStyle = look.muted;
  context.setLineDash([3, 3]);
  context.strokeRect(x + 0.5, y + 0.5, Math.max(width - 1, 1), height - 1);
  context.setLineDash([]);
}

function name(context, emotion, from, to, top) {
  const words = emotionName(emotion);
  const width = context.measureText(words).width;
  if (width > to - from - 8) return;
  context.fillStyle = colour(emotion);
  context.fillRect(from + 3, top + 2, width + 4, BAND - 4);
  context.fillStyle = ink(emotion);
  context.fillText(words, from + 5, top + BAND / 2 + 0.5);
}
