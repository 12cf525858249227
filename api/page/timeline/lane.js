/**
 * A channel, pixel by pixel: a band and a tint for each stretch of one emotion, the waveform upon it. Rectangles would be
 * drawn one by one, thousands of them in each frame of a long recording; pixels take the same time however many there are.
 */
import { ink, colour, pattern } from "../palette.js";
import { emotionName } from "../words.js";
import { meeting } from "./axis.js";

export const BAND = 18;
const ROOM = 4;

export class Lane {
  /**
   * @param {CanvasRenderingContext2D} context
   * @param {{items: any[], peaks: any, loudest: number, faint: (item: any) => boolean}} what
   */
  draw(context, axis, { items, peaks, loudest, faint }, { top, height }, look) {
    const scale = context.getTransform().a;
    const size = { width: Math.round(axis.width * scale), height: Math.round(height * scale), band: Math.round(BAND * scale) };
    const columns = this.columns(size.width, look.bare);
    const shown = this.regions(columns, axis, scale, items, faint, look);
    const waves = extents(axis, scale, peaks, loudest, size, ROOM * scale);
    this.fill(context, columns, waves, size);
    context.putImageData(this.image, Math.round(axis.left * scale), Math.round(top * scale));
    shown.forEach(([item, from, to]) => overlay(context, item, from, to, top, height, look, faint(item)));
  }

  /** Colours of the columns, as they are where nobody speaks. */
  columns(width, bare) {
    if (this.kept?.band.length !== width) {
      const colours = () => new Uint32Array(width);
      this.kept = { band: colours(), tint: colours(), wave: colours() };
    }
    for (const part of ["band", "tint", "wave"]) this.kept[part].fill(bare[part]);
    return this.kept;
  }

  /** Colours the columns of what is shown, and gives what is wide enough for a pattern. */
  regions(columns, axis, scale, items, faint, look) {
    const wide = [];
    const [first, last] = meeting(items, axis.start, axis.end);
    let drawn = -1;
    for (let i = first; i < last; i++) {
      const [from, to] = [axis.x(items[i].start_ms), axis.x(items[i].end_ms)];
      const column = Math.max(Math.round((from - axis.left) * scale), 0);
      const end = Math.max(Math.round((to - axis.left) * scale), column + 1);
      if (end <= drawn) continue;  // within the column before
      drawn = end;
      const tones = look.tones(items[i].emotion, faint(items[i]));
      for (const part of ["band", "tint", "wave"]) columns[part].fill(tones[part], column, end);
      if (to - from >= 4) wide.push([items[i], Math.max(from, axis.left), Math.min(to, axis.left + axis.width)]);
    }
    return wide;
  }

  fill(context, { band, tint, wave }, { high, low }, size) {
    if (this.image?.width !== size.width || this.image?.height !== size.height) {
      this.image = context.createImageData(size.width, size.height);
      this.pixels = new Uint32Array(this.image.data.buffer);
    }
    let place = 0;
    for (let y = 0; y < size.height; y++) {
      for (let x = 0; x < size.width; x++) {
        this.pixels[place++] = y < size.band ? band[x] : y >= high[x] && y < low[x] ? wave[x] : tint[x];
      }
    }
  }
}

/** The rows between which the waveform lies, of each column; without peaks a line. */
function extents(axis, scale, peaks, loudest, { width, height, band }, room) {
  const [high, low] = [new Float32Array(width), new Float32Array(width)];
  const middle = (band + height) / 2;
  const unit = (height - band - 2 * room) / 2 / loudest;
  const perColumn = peaks ? (axis.msPerPixel / scale) * (peaks.max.length / (peaks.end_ms - peaks.start_ms)) : 0;
  const begin = peaks ? ((axis.start - peaks.start_ms) / (axis.msPerPixel / scale)) * perColumn : 0;
  for (let column = 0; column < width; column++) {
    let [least, most] = [0, 0];
    const first = Math.floor(begin + column * perColumn);
    const last = peaks ? Math.min(Math.max(first + 1, Math.ceil(begin + (column + 1) * perColumn)), peaks.max.length) : 0;
    for (let i = Math.max(first, 0); i < last; i++) {
      if (peaks.min[i] < least) least = peaks.min[i];
      if (peaks.max[i] > most) most = peaks.max[i];
    }
    high[column] = middle - Math.max(most * unit, scale / 2);
    low[column] = middle - Math.min(least * unit, -scale / 2);
  }
  return { high, low };
}

/** Pattern and name, and of a segment that was skipped the outline. */
function overlay(context, item, from, to, top, height, look, weak) {
  context.globalAlpha = weak ? 0.3 : 1;
  context.fillStyle = pattern(item.emotion);
  context.fillRect(from, top, to - from, BAND);
  context.globalAlpha = 1;
  if (item.status === "skipped") {
    context.strokeStyle = look.muted;
    context.setLineDash([3, 3]);
    context.strokeRect(from + 0.5, top + 0.5, Math.max(to - from - 1, 1), height - 1);
    context.setLineDash([]);
  }
  const words = emotionName(item.emotion);
  const width = to - from > 30 && !weak ? context.measureText(words).width : Infinity;
  if (width > to - from - 8) return;
  context.fillStyle = colour(item.emotion);
  context.fillRect(from + 3, top + 2, width + 4, BAND - 4);
  context.fillStyle = ink(item.emotion);
  context.fillText(words, from + 5, top + BAND / 2 + 0.5);
}
