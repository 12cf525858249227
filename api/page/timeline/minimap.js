/** The whole recording in small, with a window over the visible range: dragging it pans. */
import { context2d, h } from "../dom.js";
import { fillWithEmotion } from "../palette.js";
import { coarsen } from "./coarse.js";

/** @typedef {import("./axis.js").Axis} Axis */
/** @typedef {import("./chart.js").Item} Item */

const ROW_HEIGHT = 12;

export class Minimap {
  /** @param {Axis} axis */
  constructor(axis) {
    this.axis = axis;
    this.window = h("div.window");
    this.canvas = h("canvas");
    this.element = h("div.minimap", { "aria-hidden": "true" }, this.canvas, this.window);
    /** @param {PointerEvent} event */
    const pan = (event) => {
      const box = this.element.getBoundingClientRect();
      axis.show(((event.clientX - box.left) / box.width) * axis.duration - axis.span / 2);
    };
    this.element.addEventListener("pointerdown", (event) => {
      this.element.setPointerCapture(event.pointerId);
      pan(event);
    });
    this.element.addEventListener("pointermove", (event) => {
      if (event.buttons) pan(event);
    });
  }

  /**
   * Draw a row for each channel.
   * @param {Item[][]} rows the items of each channel
   * @param {import("./theme.js").Theme} theme
   */
  draw(rows, theme) {
    const width = this.element.clientWidth;
    const height = rows.length * ROW_HEIGHT;
    resizeCanvas(this.canvas, width, height);
    const context = context2d(this.canvas);
    context.fillStyle = theme.lane;
    context.fillRect(0, 0, width, height);
    const { duration } = this.axis;
    rows.forEach((items, row) => {
      for (const { start_ms, end_ms, emotion } of coarsen(items, duration / width)) {
        const from = (start_ms / duration) * width;
        fillWithEmotion(context, emotion, from, row * ROW_HEIGHT + 1, Math.max((end_ms / duration) * width - from, 0.5), ROW_HEIGHT - 2);
      }
    });
  }

  /** Move the window over the visible range. */
  moveWindow() {
    const { start, span, duration } = this.axis;
    this.window.style.left = `${(100 * start) / duration}%`;
    this.window.style.width = `${Math.max((100 * span) / duration, 0.4)}%`;
  }
}

/**
 * Size a canvas, with as many points as the screen has for that size.
 * @param {HTMLCanvasElement} canvas
 * @param {number} width pixels of the style sheet
 * @param {number} height pixels of the style sheet
 */
export function resizeCanvas(canvas, width, height) {
  const scale = Math.min(devicePixelRatio || 1, 2);
  canvas.width = Math.round(width * scale);
  canvas.height = Math.round(height * scale);
  canvas.style.width = `${width}px`;
  canvas.style.height = `${height}px`;
  context2d(canvas).setTransform(scale, 0, 0, scale, 0, 0);
}
