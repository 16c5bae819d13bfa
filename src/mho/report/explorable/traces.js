// Telegraph traces: the same cells without and with denoising, over a time that can be stretched.
class TracePlot {
  constructor(holder, traces, bytes) {
    this.canvas = holder.querySelector("canvas");
    this.readout = holder.querySelector("[role=status]");
    this.traces = traces;
    this.cells = traces.targets.length;
    this.samples = traces.time.length;
    this.values = traces.panels.map((panel) => numbers(bytes, panel));
    this.at = null;
    const end = traces.time[this.samples - 1] || 1;
    this.view = new View(this.canvas, { x0: 0, x1: end, y0: 0, y1: 1 }, {
      onChange: () => this.draw(),
      onPoint: (at) => this.point(Math.floor(at.area / 2), this.nearest(at.x)),
      lockY: true,
      finest: (20 * end) / this.samples,
    });
    setUpKeys(holder, this.canvas, this.view, {
      cursor: () => this.at && { x: traces.time[this.at.sample], y: 0 },
      go: (dx, dy) => this.go(dx, dy),
    });
    redraws.push(() => this.draw());
    this.draw();
  }

  nearest(time) {
    const { time: times } = this.traces;
    let best = 0;
    for (let k = 1; k < times.length; k++) {
      if (Math.abs(times[k] - time) < Math.abs(times[best] - time)) best = k;
    }
    return best;
  }

  go(dx, dy) {
    const old = this.at || { cell: 0, sample: 0 };
    const kept = (v, most) => Math.min(most - 1, Math.max(0, v));
    const row = Math.sign(dy);
    this.point(kept(old.cell + row, this.cells), kept(old.sample + (this.at ? dx : 0), this.samples));
    this.view.show(this.traces.time[this.at.sample], 0);
  }

  value(panel, cell, sample) {
    return this.values[panel][cell * this.samples + sample];
  }

  point(cell, sample) {
    this.at = { cell, sample };
    const { traces } = this;
    const said = traces.panels.map((panel, k) =>
      `${panel.name} ${signed(this.value(k, cell, sample), 3)} µS`);
    this.readout.textContent =
      `Cell ${cell + 1} of ${this.cells}, target ${plain(traces.targets[cell])} µS, at ` +
      `${plain(traces.time[sample])} s: ${said.join(", ")} from the target`;
    this.draw();
  }

  reach(panel, cell) {
    let most = 3 * this.traces.tolerance;
    for (let k = 0; k < this.samples; k++) {
      const away = Math.abs(this.value(panel, cell, k));
      if (away * 1.1 > most) most = away * 1.1;
    }
    return most;
  }

  draw() {
    const row = 118;
    const { context, width } = prepared(this.canvas, row * this.cells + 64);
    const half = width / 2;
    this.view.areas = [];
    for (let cell = 0; cell < this.cells; cell++) {
      for (let panel = 0; panel < 2; panel++) {
        const area = { x: panel * half + 44, y: 24 + cell * row, w: half - 56, h: row - 22 };
        this.view.areas.push(area);
        this.panel(context, area, panel, cell);
        if (cell === 0) {
          context.textAlign = "left";
          context.textBaseline = "top";
          context.fillText(this.title(panel, half), area.x, 4);
        }
      }
    }
  }

  title(panel, room) {
    const { name } = this.traces.panels[panel];
    return room < 260 ? ["not denoised", "denoised"][panel] : name;
  }

  panel(context, area, panel, cell) {
    const { now } = this.view;
    const { traces } = this;
    const reach = this.reach(panel, cell);
    const x = (t) => area.x + ((t - now.x0) / (now.x1 - now.x0)) * area.w;
    const y = (g) => area.y + ((reach - g) / (2 * reach)) * area.h;
    context.globalAlpha = 0.2;
    context.fillStyle = "#009E73";
    const top = y(traces.tolerance);
    context.fillRect(area.x, top, area.w, y(-traces.tolerance) - top);
    context.globalAlpha = 1;
    context.fillStyle = ink("ink");
    clipped(context, area, () => {
      context.strokeStyle = panel ? ink("second") : ink("first");
      context.beginPath();
      for (let k = 0; k < this.samples; k++) {
        context.lineTo(x(traces.time[k]), y(this.value(panel, cell, k)));
      }
      context.stroke();
      if (this.at && this.at.cell === cell) {
        const { sample } = this.at;
        context.fillRect(x(traces.time[sample]), area.y, 1, area.h);
        context.beginPath();
        context.arc(x(traces.time[sample]), y(this.value(panel, cell, sample)), 4, 0, 2 * Math.PI);
        context.fill();
      }
    });
    frame(context, area);
    yAxis(context, area, reach, -reach);
    const last = cell === this.cells - 1;
    if (last) xAxis(context, area, now.x0, now.x1, "Time (s)");
  }
}
