/** The keys of a job's timeline and of its table of segments. They work where the focus is in one of these, and nowhere else. */
import { EMOTIONS } from "../palette.js";

/** @typedef {import("../timeline/axis.js").Axis} Axis */
/** @typedef {import("./player.js").Player} Player */
/** @typedef {import("./review.js").Review} Review */

const FIELDS = "input:not([type=radio], [type=checkbox]), select, textarea, dialog";
/** Keys with which a button or a link that has the focus is pressed. */
const PRESSES = ["Enter", " "];

/**
 * @param {HTMLElement[]} elements
 * @param {Axis} axis
 * @param {Player} player
 * @param {Review} review
 * @param {() => number[]} changes the times at which the scores change, in ms
 */
export function addKeys(elements, axis, player, review, changes) {
  const actions = keyActions(axis, player, review, changes);
  /** @param {KeyboardEvent} event */
  const onKeyDown = (event) => {
    const action = event.ctrlKey || event.metaKey || event.altKey ? null : actions[event.key];
    const target = /** @type {Element} */ (event.target);
    if (!action || target.matches(FIELDS)) return;
    if (PRESSES.includes(event.key) && target.matches("button, a, summary, input")) return;
    if (event.key.startsWith("Arrow") && target.matches("input, [role=table]")) return;
    event.preventDefault();
    action(event);
  };
  for (const element of elements) element.addEventListener("keydown", onKeyDown);
}

/**
 * The actions of keys, by the name of the key.
 * @param {Axis} axis
 * @param {Player} player
 * @param {Review} review
 * @param {() => number[]} changes
 * @returns {Record<string, (event: KeyboardEvent) => void>}
 */
function keyActions(axis, player, review, changes) {
  /** @param {number} share of the visible range */
  const move = (share) => player.seek(player.position + axis.span * share);
  /** @param {number | undefined} time */
  const jump = (time) => {
    if (time === undefined) return;
    player.playAt(time);
    axis.reveal(time);
  };
  /** @type {Record<string, (event: KeyboardEvent) => void>} */
  const corrections = Object.fromEntries(EMOTIONS.map((emotion, i) => [String(i + 1), () => review.correctCurrent(emotion)]));
  return {
    ...corrections,
    ArrowLeft: (event) => (event.shiftKey ? axis.pan(-axis.span / 4) : move(-0.05)),
    ArrowRight: (event) => (event.shiftKey ? axis.pan(axis.span / 4) : move(0.05)),
    ArrowUp: () => player.setVolume(player.volume + 0.1),
    ArrowDown: () => player.setVolume(player.volume - 0.1),
    PageUp: () => axis.pan(-axis.span),
    PageDown: () => axis.pan(axis.span),
    Home: () => player.seek(0),
    End: () => player.seek(axis.duration),
    "+": () => axis.zoom(0.5, player.position),
    "=": () => axis.zoom(0.5, player.position),
    "-": () => axis.zoom(2, player.position),
    0: () => axis.fit(),
    Enter: () => player.toggle(),
    " ": () => player.toggle(),
    n: () => player.step(1),
    p: () => player.step(-1),
    "[": () => jump(changes().findLast((time) => time < player.position - 1500)),
    "]": () => jump(changes().find((time) => time > player.position + 50)),
    "<": () => player.changeRate(-1),
    ">": () => player.changeRate(1),
    l: () => player.channels.length > 1 && player.toggleMute(player.channels[0]),
    r: () => player.channels.length > 1 && player.toggleMute(player.channels[1]),
    u: () => review.playUnsure(),
    c: () => review.commentCurrent(),
    Delete: () => review.correctCurrent(null),
    Backspace: () => review.correctCurrent(null),
  };
}
