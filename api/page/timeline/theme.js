/** The colours of the chart, as the style sheet has them for light and dark. */
import { colourOf, parseColour } from "../palette.js";

/** @typedef {{band: number, tint: number, wave: number}} Tones colours of the parts of a lane, as numbers among pixels */
/** @typedef {ReturnType<typeof readTheme>} Theme */

/** The colours of the heat map from a score of 0 to 1, between which it goes evenly. */
const RAMPS = {
  light: [[244, 246, 249], [158, 190, 219], [66, 118, 174], [16, 36, 84]],
  dark: [[27, 33, 41], [44, 80, 120], [92, 156, 190], [250, 235, 165]],
};

/** The colours that the style sheet has now. */
export function readTheme() {
  const style = getComputedStyle(document.documentElement);
  /** @param {string} name */
  const read = (name) => style.getPropertyValue(name).trim();
  const isDark = read("--scheme") === "dark";
  const [background, lane, quiet] = ["--surface", "--lane", "--quiet"].map(read);
  /** @type {Map<string, Tones>} */
  const tones = new Map();
  return {
    background, lane, line: read("--line"), text: read("--ink"), muted: read("--muted"),
    accent: read("--accent"), font: read("--font"),
    ramp: createRamp(RAMPS[isDark ? "dark" : "light"]),
    /** The tones where nobody speaks. @type {Tones} */
    silence: { band: mix(lane, lane, 0), tint: mix(background, background, 0), wave: mix(quiet, quiet, 0) },
    /**
     * The tones of an emotion.
     * @param {string} emotion
     * @param {boolean} isFaint
     * @returns {Tones}
     */
    tones(emotion, isFaint) {
      const key = `${emotion} ${isFaint}`;
      let result = tones.get(key);
      if (!result) {
        const colour = colourOf(emotion);
        result = {
          band: mix(colour, background, isFaint ? 0.72 : 0),
          tint: mix(colour, background, isFaint ? 0.95 : 0.84),
          wave: isFaint ? mix(quiet, quiet, 0) : mix(colour, isDark ? "#ebebeb" : "#141414", 0.3),
        };
        tones.set(key, result);
      }
      return result;
    },
  };
}

/**
 * Create the colours between the stops.
 * @param {number[][]} stops red, green and blue
 * @returns {Uint8ClampedArray} red, green, blue and alpha of 256 colours
 */
function createRamp(stops) {
  const colours = new Uint8ClampedArray(256 * 4);
  for (let i = 0; i < 256; i++) {
    const place = (i / 255) * (stops.length - 1);
    const stop = Math.min(Math.floor(place), stops.length - 2);
    const colour = stops[stop].map((part, channel) => part + (stops[stop + 1][channel] - part) * (place - stop));
    colours.set([...colour, 255], 4 * i);
  }
  return colours;
}

/**
 * Mix two colours to a number that stands for the colour among pixels.
 * @param {string} from
 * @param {string} to
 * @param {number} share of `to`
 */
function mix(from, to, share) {
  const end = parseColour(to);
  const [red, green, blue] = parseColour(from).map((part, i) => Math.round(part * (1 - share) + end[i] * share));
  return ((255 << 24) | (blue << 16) | (green << 8) | red) >>> 0;
}
