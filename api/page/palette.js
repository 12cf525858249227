/**
 * A colour and a pattern for each emotion. Okabe and Ito chose the colours so that colour-blind people can tell them apart;
 * the patterns serve people who see no colours.
 */
import { context2d, h } from "./dom.js";

/** @type {Record<string, [colour: string, pattern: string]>} */
const STYLES = {
  angry: ["#d55e00", "rising"],
  disgusted: ["#009e73", "crossed"],
  fearful: ["#cc79a7", "upright"],
  happy: ["#f0c419", "dotted"],
  neutral: ["#9aa8b8", "plain"],
  other: ["#7a5f3c", "level"],
  sad: ["#0072b2", "falling"],
  surprised: ["#56b4e9", "checked"],
  unknown: ["#c3c9d1", "sparse"],
};
/** @type {[colour: string, pattern: string]} */
const FALLBACK = ["#8a7f72", "level"];
/**
 * The lines of each pattern, as x and y of both ends in a tile of 8 by 8 pixels.
 * @type {Record<string, number[][]>}
 */
const STROKES = {
  plain: [],
  rising: [[-2, 10, 10, -2], [-2, 2, 2, -2], [6, 10, 10, 6]],
  falling: [[-2, -2, 10, 10], [6, -2, 10, 2], [-2, 6, 2, 10]],
  crossed: [[-2, 10, 10, -2], [-2, -2, 10, 10]],
  upright: [[2, 0, 2, 8], [6, 0, 6, 8]],
  level: [[0, 2, 8, 2], [0, 6, 8, 6]],
  checked: [[0, 4, 8, 4], [4, 0, 4, 8]],
  dotted: [[1.5, 2, 3, 2], [5.5, 6, 7, 6]],
  sparse: [[3, 5, 5, 3]],
};
/** @type {Map<string, CanvasPattern>} */
const patterns = new Map();

/** Every emotion that the page knows, in the order in which they are shown. */
export const EMOTIONS = Object.keys(STYLES);

/** @param {string} emotion */
const styleOf = (emotion) => STYLES[emotion] ?? FALLBACK;

/** @param {string} emotion */
export const colourOf = (emotion) => styleOf(emotion)[0];

/**
 * Parse a colour.
 * @param {string} hex such as "#d55e00"
 * @returns {number[]} red, green and blue, 0 to 255
 */
export const parseColour = (hex) => [1, 3, 5].map((start) => parseInt(hex.slice(start, start + 2), 16));

/**
 * The colour of text on the emotion's colour: black or white.
 * @param {string} emotion
 */
export function textColourOf(emotion) {
  const [red, green, blue] = parseColour(colourOf(emotion)).map((part) => (part / 255) ** 2.2);
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue > 0.18 ? "#000" : "#fff";
}

/**
 * The emotion's pattern, to be laid over its colour.
 * @param {string} emotion
 */
export function patternOf(emotion) {
  let pattern = patterns.get(emotion);
  if (!pattern) {
    const tile = document.createElement("canvas");
    tile.width = tile.height = 8;
    const context = context2d(tile);
    context.strokeStyle = textColourOf(emotion) === "#000" ? "rgb(0 0 0 / 28%)" : "rgb(255 255 255 / 40%)";
    context.lineWidth = 1.2;
    for (const [x0, y0, x1, y1] of STROKES[styleOf(emotion)[1]]) {
      context.beginPath();
      context.moveTo(x0, y0);
      context.lineTo(x1, y1);
      context.stroke();
    }
    pattern = /** @type {CanvasPattern} */ (context.createPattern(tile, "repeat"));
    patterns.set(emotion, pattern);
  }
  return pattern;
}

/**
 * Fill a rectangle with the emotion's colour and pattern.
 * @param {CanvasRenderingContext2D} context
 * @param {string} emotion
 * @param {number} x
 * @param {number} y
 * @param {number} width
 * @param {number} height
 */
export function fillWithEmotion(context, emotion, x, y, width, height) {
  context.fillStyle = colourOf(emotion);
  context.fillRect(x, y, width, height);
  context.fillStyle = patternOf(emotion);
  context.fillRect(x, y, width, height);
}

/**
 * Create a swatch of the emotion's colour and pattern, to stand beside its name or, with a width, as a bar.
 * @param {string} emotion
 * @param {number} [width] pixels
 * @param {number} [height] pixels
 */
export function createSwatch(emotion, width = 14, height = 14) {
  const canvas = h("canvas.swatch", { "aria-hidden": "true", width, height });
  fillWithEmotion(context2d(canvas), emotion, 0, 0, width, height);
  return canvas;
}
