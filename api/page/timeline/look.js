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
  return {
    ground: value("--surface"), lane: value("--lane"), line: value("--line"), ink: value("--ink"),
    muted: value("--muted"), quiet: value("--quiet"), accent: value("--accent"), font: value("--font"),
    ramp: ramp(RAMPS[dark ? "dark" : "light"]),
    wave: memo((emotion) => mixed(colour(emotion), dark ? 235 : 20, 0.3)),
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

/** A colour nearer to a grey level, so that it stands out from the ground. */
function mixed(hex, level, share) {
  const parts = hex.match(/\w\w/g).map((part) => Math.round(parseInt(part, 16) * (1 - share) + level * share));
  return `rgb(${parts.join(" ")})`;
}

function memo(make) {
  const made = new Map();
  return (key) => made.get(key) ?? (made.set(key, make(key)), made.get(key));
}
