/** Wheel, fingers and mouse on the chart. */

/** @typedef {import("./axis.js").Axis} Axis */

/** A pointer that moves less than this clicks. */
const CLICK_PX = 4;

/**
 * Pan and zoom the axis by wheel, mouse and fingers.
 * @param {Axis} axis
 * @param {HTMLElement} canvas
 * @param {(ms: number, event: PointerEvent) => void} onClick
 * @param {(event: PointerEvent) => void} onHover
 */
export function addGestures(axis, canvas, onClick, onHover) {
  /** The x of each pointer that is down, by its id. @type {Map<number, number>} */
  const pointers = new Map();
  /** The pointers and the axis when the drag began. */
  let drag = { x: 0, start: 0, hasMoved: false, distance: 0, span: 0, around: 0 };
  /** @param {MouseEvent} event */
  const xOf = (event) => event.clientX - canvas.getBoundingClientRect().left;
  const distance = () => {
    const [first, second = first] = pointers.values();
    return Math.max(Math.abs(first - second), 10);
  };
  const middle = () => [...pointers.values()].reduce((sum, x) => sum + x, 0) / pointers.size;

  canvas.addEventListener("wheel", (event) => {
    const isSideways = event.shiftKey || Math.abs(event.deltaX) > Math.abs(event.deltaY);
    const hasChanged = isSideways
      ? axis.pan((event.deltaX || event.deltaY) * axis.msPerPixel)
      : axis.zoom(1.0015 ** event.deltaY, axis.toMs(xOf(event)));
    if (hasChanged) event.preventDefault();  // else the page scrolls
  }, { passive: false });

  canvas.addEventListener("pointerdown", (event) => {
    canvas.setPointerCapture(event.pointerId);
    pointers.set(event.pointerId, xOf(event));
    drag = {
      x: xOf(event), start: axis.start, hasMoved: pointers.size > 1,
      distance: distance(), span: axis.span, around: axis.toMs(middle()),
    };
  });
  canvas.addEventListener("pointermove", (event) => {
    if (!pointers.has(event.pointerId)) {
      onHover(event);
      return;
    }
    pointers.set(event.pointerId, xOf(event));
    if (pointers.size > 1) {
      const span = drag.span * (drag.distance / distance());
      axis.show(drag.around - (middle() - axis.left) * (span / axis.width), span);
    } else if (drag.hasMoved || Math.abs(xOf(event) - drag.x) > CLICK_PX) {
      drag.hasMoved = true;
      axis.show(drag.start - (xOf(event) - drag.x) * axis.msPerPixel);
    }
  });
  /** @param {PointerEvent} event */
  const onPointerEnd = (event) => {
    const isLast = pointers.delete(event.pointerId) && pointers.size === 0;
    if (isLast && event.type === "pointerup" && !drag.hasMoved) onClick(axis.toMs(xOf(event)), event);
    const [x] = pointers.values();
    if (x !== undefined) drag = { ...drag, x, start: axis.start, hasMoved: true };
  };
  canvas.addEventListener("pointerup", onPointerEnd);
  canvas.addEventListener("pointercancel", onPointerEnd);
}
