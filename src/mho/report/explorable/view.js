// What part of a plane a canvas shows, and how wheel, fingers, buttons and keys change it.
class View {
  constructor(canvas, whole, { onChange, onPoint, lockY = false, finest = 4 }) {
    this.canvas = canvas;
    this.onChange = onChange;
    this.onPoint = onPoint;
    this.lockY = lockY;
    this.finest = finest;
    this.fingers = new Map();
    this.areas = [];
    this.setWhole(whole);
    this.listen();
  }

  setWhole(whole) {
    this.whole = whole;
    this.now = { ...whole };
  }

  get isWhole() {
    const { now, whole } = this;
    return now.x0 <= whole.x0 && now.x1 >= whole.x1 && now.y0 <= whole.y0 && now.y1 >= whole.y1;
  }

  // Where the pointer is: in which area of the canvas, and where on the plane.
  at(event) {
    const box = this.canvas.getBoundingClientRect();
    const x = event.clientX - box.left;
    const y = event.clientY - box.top;
    const inside = (a) => x >= a.x && x < a.x + a.w && y >= a.y && y < a.y + a.h;
    const number = this.areas.findIndex(inside);
    if (number < 0) return null;
    const a = this.areas[number];
    return {
      area: number,
      x: this.now.x0 + ((x - a.x) / a.w) * (this.now.x1 - this.now.x0),
      y: this.now.y0 + ((y - a.y) / a.h) * (this.now.y1 - this.now.y0),
    };
  }

  zoom(factor, x, y) {
    const { now } = this;
    this.put("x0", "x1", x - (x - now.x0) / factor, x + (now.x1 - x) / factor);
    if (!this.lockY) this.put("y0", "y1", y - (y - now.y0) / factor, y + (now.y1 - y) / factor);
    this.onChange();
  }

  pan(dx, dy) {
    const { now } = this;
    this.put("x0", "x1", now.x0 + dx, now.x1 + dx);
    if (!this.lockY) this.put("y0", "y1", now.y0 + dy, now.y1 + dy);
    this.onChange();
  }

  reset() {
    this.now = { ...this.whole };
    this.onChange();
  }

  // Never beyond the whole, never closer than the finest.
  put(first, last, low, high) {
    const from = this.whole[first];
    const to = this.whole[last];
    const width = Math.min(to - from, Math.max(high - low, Math.min(this.finest, to - from)));
    const start = Math.min(Math.max((low + high - width) / 2, from), to - width);
    this.now[first] = start;
    this.now[last] = start + width;
  }

  show(x, y) {
    const { now } = this;
    const away = (v, low, high) => (v < low ? v - low : v > high ? v - high : 0);
    const dx = away(x, now.x0, now.x1);
    const dy = this.lockY ? 0 : away(y, now.y0, now.y1);
    if (dx || dy) this.pan(dx, dy);
  }

  listen() {
    const { canvas } = this;
    canvas.addEventListener("wheel", (event) => {
      // the page scrolls unless the canvas was chosen
      const at = this.at(event);
      if (!at || (document.activeElement !== canvas && !event.ctrlKey)) return;
      event.preventDefault();
      this.zoom(event.deltaY < 0 ? 1.25 : 0.8, at.x, at.y);
    }, { passive: false });
    canvas.addEventListener("pointerdown", (event) => {
      this.fingers.set(event.pointerId, event);
      canvas.setPointerCapture(event.pointerId);
      const at = this.at(event);
      if (at) this.onPoint(at, true);
    });
    canvas.addEventListener("pointermove", (event) => this.moved(event));
    for (const end of ["pointerup", "pointercancel"]) {
      canvas.addEventListener(end, (event) => this.fingers.delete(event.pointerId));
    }
    canvas.addEventListener("dblclick", (event) => {
      const at = this.at(event);
      if (at) this.zoom(2, at.x, at.y);
    });
  }

  moved(event) {
    const before = this.fingers.get(event.pointerId);
    if (!before) {
      const at = this.at(event);
      if (at) this.onPoint(at, false);
      return;
    }
    const area = this.areas[0];
    if (!area) return;
    const apart = this.apart();
    this.fingers.set(event.pointerId, event);
    if (apart) {
      const at = this.at(event);
      if (at) this.zoom(this.apart() / apart, at.x, at.y);
    } else {
      const dx = (before.clientX - event.clientX) / area.w;
      const dy = (before.clientY - event.clientY) / area.h;
      this.pan(dx * (this.now.x1 - this.now.x0), dy * (this.now.y1 - this.now.y0));
    }
  }

  apart() {
    const [one, other] = [...this.fingers.values()];
    return other ? Math.hypot(one.clientX - other.clientX, one.clientY - other.clientY) || 1 : 0;
  }
}

// Keys and buttons that all canvases share; `go` moves the cursor by columns and rows.
function setUpKeys(holder, canvas, view, { cursor, go, choose }) {
  const middle = () => cursor() || {
    x: (view.now.x0 + view.now.x1) / 2,
    y: (view.now.y0 + view.now.y1) / 2,
  };
  const closer = (factor) => view.zoom(factor, middle().x, middle().y);
  const steps = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
  canvas.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const step = steps[event.key];
    if (step && event.shiftKey) {
      const { now } = view;
      view.pan(step[0] * 0.2 * (now.x1 - now.x0), step[1] * 0.2 * (now.y1 - now.y0));
    } else if (step) go(...step);
    else if (event.key === "PageUp" || event.key === "PageDown") go(0, event.key === "PageUp" ? -10 : 10);
    else if (event.key === "+" || event.key === "=") closer(1.5);
    else if (event.key === "-") closer(1 / 1.5);
    else if (event.key === "0") view.reset();
    else if ((event.key === "Enter" || event.key === " ") && choose) choose();
    else return;
    event.preventDefault();
  });
  const press = { closer: () => closer(1.5), farther: () => closer(1 / 1.5), whole: () => view.reset() };
  for (const [name, act] of Object.entries(press)) {
    holder.querySelector(`[data-press=${name}]`).addEventListener("click", act);
  }
}
