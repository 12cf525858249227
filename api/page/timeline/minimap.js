/** The whole recording in small, with a window on what is shown: dragging it pans. */
import { paint } from "../palette.js";
import { h } from "../element.js";

const ROW = 12;

export class Minimap {
  /** @param {(lane: any) => any[]} items the stretches of a lane */
  constructor(axis, lanes, items) {
    this.axis = axis;
    this.lanes = lanes;
    this.items = items;
    this.window = h("div.window", {});
    this.canvas = h("canvas", {});
    this.element = h("div.minimap", { "aria-hidden": "true" }, this.canvas, this.window);
    const to = (event) => axis.show(this.ms(event) - axis.span / 2);
    this.element.addEventListener("pointerdown", (event) => {
      this.element.setPointerCapture(event.pointerId);
      to(event);
    });
    this.element.addEventListener("pointermove", (event) => event.buttons && to(event));
  }

  ms(event) {
    const box = this.element.getBoundingClientRect();
    return ((event.clientX - box.left) / box.width) * this.axis.duration;
  }

  /** Draws what does not move with the shown stretch. */
  draw(look) {
    const width = this.element.clientWidth;
    const height = this.lanes.length * ROW;
    size(this.canvas, width, height);
    const context = this.canvas.getContext("2d");
    context.fillStyle = look.lane;
    context.fillRect(0, 0, width, height);
    this.lanes.forEach((lane, row) => {
      let drawn = -1;
      for (const item of this.items(lane)) {
        const from = (item.start_ms / this.axis.duration) * width;
        const to = Math.max((item.end_ms / this.axis.duration) * width, from + 0.5);
        if (to <= drawn + 0.5) continue;
        drawn = to;
        paint(context, item.emotion, from, row * ROW + 1, to - from, ROW - 2);
      }
    });
  }

  move() {
    const { start, span, duration } = this.axis;
    this.window.style.left = `${(100 * start) / duration}%`;
    this.window.style.width = `${Math.max((100 * span) / duration, 0.4)}%`;
  }
}

/** Gives a canvas as many points as the screen has for its size. */
export function size(canvas, width, height) {
  const scale = Math.min(devicePixelRatio || 1, 2);
  canvas.width = Math.round(width * scale);
  canvas.height = Math.round(height * scale);
  canvas.style.width = `${width}px`;
  canvas.style.height = `${height}px`;
  canvas.getContext("2d").setTransform(scale, 0, 0, scale, 0, 0);
}
