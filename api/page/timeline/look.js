/** The colours of what is drawn, as the style sheet has them for light and dark. */
import { colour } from "../palette.js";

const RAMPS = {
  light: [[244, 246, 249], [158, 190, 219], [66, 118, 174], [16, 36, 84]],
  dark: [[27, 33, 41], [44, 80, 120], [92, 156, 190], [250, 235, 165]],
};

export function currentLook() {
  const style = getComputedStyle(document.documentElement);
  const value = (name) => style.getPropertyValue(name).trim();
  const dark = value("--scheme") === "dark";
  const [ground, lane, quiet] = ["--surface", "--lane", "--quiet"].map(value);
  return {
    ground, lane, line: value("--line"), ink: value("--ink"), muted: value("--muted"), font: value("--font"),
    ramp: ramp(RAMPS[dark ? "dark" : "light"]),
    bare: { band: mixed(lane, lane, 0), tint: mixed(ground, ground, 0), wave: mixed(quiet, quiet, 0) },
    tones: memo((emotion, weak) => {
      const own = colour(emotion);
      return {
        band: mixed(own, ground, weak ? 0.72 : 0),
        tint: mixed(own, ground, weak ? 0.95 : 0.84),
        wave: weak ? mixed(quiet, quiet, 0) : mixed(own, dark ? "#ebebeb" : "#141414", 0.3),
      };
    }),
  };
}

function ramp(stops) {
  const colours = new Uint8ClampedArray(256 * 4);
  for (let i = 0; i < 256; i++) {
    const place = (i / 255) * (stops.length - 1);
    const stop = Math.min(Math.floor(place), stops.length - 2);
    const mix = (channel) => stops[stop][channel] + (stops[stop + 1][channel] - stops[stop][channel]) * (place - stop);
    colours.set([mix(0), mix(1), mix(2), 255], 4 * i);
  }
  return colours;
}

/** A colour on its way to another, as the number that stands for it among pixels. */
function mixed(from, to, share) {
  const [red, green, blue] = [0, 1, 2].map((i) => Math.round(parts(from)[i] * (1 - share) + parts(to)[i] * share));
  return ((255 << 24) | (blue << 16) | (green << 8) | red) >>> 0;
}

const parts = (hex) => hex.match(/[0-9a-f]{2}/gi).map((part) => parseInt(part, 16));

function memo(make) {
  const made = new Map();
  return (key, weak) => {
    const whole = `${key} ${weak}`;
    if (!made.has(whole)) made.set(whole, make(key, weak));
    return made.get(whole);
  };
}
