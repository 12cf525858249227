/** Wheel, fingers, mouse and keys on the chart. */

const MOVED_PX = 4;

/** @param {{axis: any, canvas: HTMLElement, clicked: (ms: number) => void, hovered: (event: any) => void}} chart */
export function takeGestures({ axis, canvas, clicked, hovered }) {
  const pointers = new Map();
  let begun = null;
  const place = (event) => event.clientX - canvas.getBoundingClientRect().left;

  canvas.addEventListener("wheel", (event) => {
    const across = event.shiftKey || Math.abs(event.deltaX) > Math.abs(event.deltaY);
    const moved = across
      ? axis.pan((event.deltaX || event.deltaY) * axis.msPerPixel)
      : axis.zoom(1.0015 ** event.deltaY, axis.ms(place(event)));
    if (moved) event.preventDefault();  // else the page scrolls
  }, { passive: false });

  canvas.addEventListener("pointerdown", (event) => {
    canvas.setPointerCapture(event.pointerId);
    pointers.set(event.pointerId, place(event));
    begun = { x: place(event), start: axis.start, moved: pointers.size > 1, apart: apart(pointers), span: axis.span };
    begun.around = axis.ms(middle(pointers));
  });
  canvas.addEventListener("pointermove", (event) => {
    if (!pointers.has(event.pointerId)) {
      hovered(event);
      return;
    }
    pointers.set(event.pointerId, place(event));
    if (pointers.size > 1) {
      const span = begun.span * (begun.apart / Math.max(apart(pointers), 10));
      axis.show(begun.around - (middle(pointers) - axis.left) * (span / axis.width), span);
    } else if (begun.moved || Math.abs(place(event) - begun.x) > MOVED_PX) {
      begun.moved = true;
      axis.show(begun.start - (place(event) - begun.x) * axis.msPerPixel);
    }
  });
  const lifted = (event) => {
    const alone = pointers.size === 1 && pointers.delete(event.pointerId);
    pointers.delete(event.pointerId);
    if (alone && event.type === "pointerup" && !begun.moved) clicked(axis.ms(place(event)), event);
    if (pointers.size) begun = { ...begun, x: [...pointers.values()][0], start: axis.start, moved: true };
  };
  canvas.addEventListener("pointerup", lifted);
  canvas.addEventListener("pointercancel", lifted);
}

const apart = (pointers) => {
  const places = [...pointers.values()];
  return Math.max(Math.abs(places[0] - (places[1] ?? places[0])), 10);
};
const middle = (pointers) => [...pointers.values()].reduce((sum, x) => sum + x, 0) / pointers.size;

/** What keys do, by their name, of a chart with its player. */
export function keysOf(axis, player) {
  const step = (share) => player.seek(Math.min(Math.max(player.position + axis.span * share, 0), axis.duration));
  return {
    ArrowLeft: (event) => (event.shiftKey ? axis.pan(-axis.span / 4) : step(-0.05)),
    ArrowRight: (event) => (event.shiftKey ? axis.pan(axis.span / 4) : step(0.05)),
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
  };
}
