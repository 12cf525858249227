/**
 * A colour and a pattern for each emotion. The colours are those of Okabe and Ito, which colour-blind people can tell
 * apart; the patterns serve who sees none.
 */

const LOOKS = {
  angry: ["#d55e00", "rising"],
  disgusted: ["#009e73", "crossed"],
  fearful: ["#cc79a7", "upright"],
  happy: ["#f0c419", "dotted"],
  neutral: ["#9aa8b8", "plain"],
  other: ["#6d7787", "level"],
  sad: ["#0072b2", "falling"],
  surprised: ["#56b4e9", "checked"],
  unknown: ["#c3c9d1", "sparse"],
};
const FALLBACK = ["#8a7f72", "level"];
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
const patterns = new Map();

/** Every emotion that the page knows, in the order in which they are shown. */
export const EMOTIONS = Object.keys(LOOKS);

export const colour = (emotion) => (LOOKS[emotion] ?? FALLBACK)[0];

/** Black or white, whichever is better read on the emotion's colour. */
export function ink(emotion) {
  const parts = colour(emotion).match(/\w\w/g).map((hex) => (parseInt(hex, 16) / 255) ** 2.2);
  return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2] > 0.18 ? "#000" : "#fff";
}

/** The emotion's pattern, to be laid over its colour. */
export function pattern(emotion) {
  if (!patterns.has(emotion)) {
    const tile = document.createElement("canvas");
    tile.width = tile.height = 8;
    const context = tile.getContext("2d");
    context.strokeStyle = ink(emotion) === "#000" ? "rgb(0 0 0 / 28%)" : "rgb(255 255 255 / 40%)";
    context.lineWidth = 1.2;
    for (const [x0, y0, x1, y1] of STROKES[(LOOKS[emotion] ?? FALLBACK)[1]]) {
      context.beginPath();
      context.moveTo(x0, y0);
      context.lineTo(x1, y1);
      context.stroke();
    }
    patterns.set(emotion, context.createPattern(tile, "repeat"));
  }
  return patterns.get(emotion);
}

export function paint(context, emotion, x, y, width, height) {
  context.fillStyle = colour(emotion);
  context.fillRect(x, y, width, height);
  context.fillStyle = pattern(emotion);
  context.fillRect(x, y, width, height);
}

/** A small field with colour and pattern, to stand beside the emotion's name or, with a length, as a bar. */
export function swatch(emotion, width = 14, height = 14) {
  const canvas = document.createElement("canvas");
  canvas.className = "swatch";
  canvas.setAttribute("aria-hidden", "true");
  canvas.width = width;
  canvas.height = height;
  paint(canvas.getContext("2d"), emotion, 0, 0, width, height);
  return canvas;
}
