// Curves or dots over one axis: a panel for each quantity, a colour for each curve.
const CURVES = [
  ["#0072b2", "#56b4e9"], ["#a85400", "#e69f00"],
  ["#007355", "#00b98a"], ["#8c4a70", "#dd9dc0"],
];
const PANEL = 176;

class Plot {
  constructor(holder, plot) {
    Object.assign(this, { holder, plot });
    this.canvas = holder.querySelector("canvas");
    this.readout = holder.querySelector("[role=status]");
    this.now = null;
    const all = plot.panels.flatMap((p) => p.lines.flatMap((l) => l.points.map((q) => this.along(q[0]))));
    const low = all.reduce((a, b) => Math.min(a, b));
    const high = all.reduce((a, b) => Math.max(a, b));
    const room = (high - low || 1) * 0.03;
    this.view = new View(this.canvas, { x0: low - room, x1: high + room, y0: 0, y1: 1 }, {
      onChange: () => this.draw(),
      onPoint: (at) => this.near(at),
      lockY: true,
      finest: (high - low || 1) / 200,
    });
    setUpKeys(holder, this.canvas, this.view, {
      cursor: () => this.now && { x: this.along(this.point()[0]), y: 0 },
      go: (dx, dy) => this.go(dx, dy),
    });
    redraws.push(() => this.draw());
    this.draw();
  }

  along(x) {
    return this.plot.log ? Math.log10(x) : x;
  }

  point() {
    const { panel, line, at } = this.now;
    return this.plot.panels[panel].lines[line].points[at];
  }

  // Of all curves of the panel the point that lies nearest on the screen.
  near(at) {
    const panel = this.plot.panels[at.area];
    const area = this.view.areas[at.area];
    const { now } = this.view;
    const [low, high] = this.reach(panel);
    let best = null;
    panel.lines.forEach((line, k) => line.points.forEach((point, n) => {
      const dx = ((this.along(point[0]) - at.x) / (now.x1 - now.x0)) * area.w;
      const share = Math.min(1, Math.max(0, (point[1] - low) / (high - low)));
      // the whole height of a panel is 0 to 1 in the view, from above
      const dy = (1 - share - at.y) * area.h;
      const away = dx * dx + dy * dy;
      if (!best || away < best.away) best = { away, line: k, at: n };
    }));
    if (best) this.choose(at.area, best.line, best.at);
  }

  go(dx, dy) {
    if (!this.now) {
      this.choose(0, 0, 0);
      return;
    }
    const kept = (v, most) => Math.min(most - 1, Math.max(0, v));
    const { panels } = this.plot;
    // up and down go through the curves of a panel, and on into the next
    const flat = panels.flatMap((p, k) => p.lines.map((_, n) => [k, n]));
    const here = flat.findIndex(([k, n]) => k === this.now.panel && n === this.now.line);
    const [panel, line] = flat[kept(here + Math.sign(dy), flat.length)];
    const { points } = panels[panel].lines[line];
    this.choose(panel, line, kept(this.now.at + dx, points.length));
    this.view.show(this.along(this.point()[0]), 0);
  }

  choose(panel, line, at) {
    this.now = { panel, line, at };
    const { plot } = this;
    const row = plot.rows[this.point()[2]];
    this.readout.textContent = row.map((cell, k) => `${plot.columns[k]} ${cell}`).join(", ");
    this.draw();
  }

  reach(panel) {
    if (panel.reach) return panel.reach;
    if (!panel.found) {
      const ends = panel.lines.flatMap((l) => l.points.flatMap((q) => q.slice(1, 2).concat(q.slice(3))));
      const low = ends.reduce((a, b) => Math.min(a, b));
      const high = ends.reduce((a, b) => Math.max(a, b));
      const room = (high - low || Math.abs(high) || 1) * 0.08;
      panel.found = [low >= 0 ? Math.max(0, low - room) : low - room, high + room];
    }
    return panel.found;
  }

  draw() {
    const { plot, view } = this;
    const room = Math.max(200, this.canvas.parentElement.clientWidth) - 74;
    const names = this.named(this.canvas.getContext("2d"), room);
    const above = 20 * names.length;
    const { context, width } = prepared(this.canvas, above + PANEL * plot.panels.length + 24);
    view.areas = plot.panels.map((_, k) => (
      { x: 62, y: above + 24 + k * PANEL, w: width - 74, h: PANEL - 46 }));
    this.legend(context, names);
    plot.panels.forEach((panel, k) => this.panel(context, view.areas[k], panel, k));
    const last = view.areas[view.areas.length - 1];
    const { now } = view;
    context.fillStyle = ink("ink");
    if (plot.log) this.decades(context, last);
    else xAxis(context, last, now.x0, now.x1, plot.x);
  }

  // Names of the curves, which all panels share, in as many rows as they need.
  named(context, room) {
    const { lines } = this.plot.panels[0];
    if (lines.length < 2) return [];
    context.font = "12px system-ui, sans-serif";
    const rows = [[]];
    let at = 0;
    lines.forEach((line, k) => {
      const text = `● ${line.name}`;
      const size = context.measureText(text).width + 16;
      if (at && at + size > room) {
        rows.push([]);
        at = 0;
      }
      rows[rows.length - 1].push([text, at, k]);
      at += size;
    });
    return rows;
  }

  legend(context, names) {
    context.textAlign = "left";
    context.textBaseline = "top";
    names.forEach((row, n) => row.forEach(([text, at, k]) => {
      context.fillStyle = this.colour(k);
      context.fillText(text, 62 + at, 2 + 20 * n);
    }));
  }

  decades(context, area) {
    const { now } = this.view;
    const { x } = this.plot;
    context.textAlign = "center";
    context.textBaseline = "top";
    for (const tick of this.decadeTicks(now)) {
      const at = area.x + ((Math.log10(tick) - now.x0) / (now.x1 - now.x0)) * area.w;
      context.fillRect(at, area.y + area.h, 1, 4);
      context.fillText(written(tick), at, area.y + area.h + 6);
    }
    context.fillText(x, area.x + area.w / 2, area.y + area.h + 22);
  }

  decadeTicks(now) {
    const found = [];
    const steps = now.x1 - now.x0 > 2.5 ? [1] : [1, 2, 5];
    for (let power = Math.floor(now.x0); power <= now.x1; power++) {
      for (const step of steps) {
        const tick = Number((step * 10 ** power).toPrecision(3));
        if (Math.log10(tick) >= now.x0 && Math.log10(tick) <= now.x1) found.push(tick);
      }
    }
    return found;
  }

  colour(k) {
    return CURVES[k % CURVES.length][isDark() ? 1 : 0];
  }

  panel(context, area, panel, number) {
    const { now } = this.view;
    const [low, high] = this.reach(panel);
    const x = (v) => area.x + ((this.along(v) - now.x0) / (now.x1 - now.x0)) * area.w;
    const kept = (v) => Math.min(high, Math.max(low, v));
    const y = (v) => area.y + ((high - kept(v)) / (high - low)) * area.h;
    if (panel.band) {
      context.globalAlpha = 0.2;
      context.fillStyle = "#009E73";
      context.fillRect(area.x, y(panel.band), area.w, y(-panel.band) - y(panel.band));
      context.globalAlpha = 1;
    }
    clipped(context, area, () => {
      panel.lines.forEach((line, k) => this.line(context, line, k, x, y));
      if (this.now && this.now.panel === number) {
        const [at, value] = this.point();
        context.strokeStyle = ink("ink");
        context.lineWidth = 2;
        context.beginPath();
        context.arc(x(at), y(value), 7, 0, 2 * Math.PI);
        context.stroke();
        context.lineWidth = 1;
      }
    });
    frame(context, area);
    context.fillStyle = ink("ink");
    yAxis(context, area, high, low);
    context.textAlign = "left";
    context.textBaseline = "bottom";
    context.fillText(panel.label, area.x, area.y - 5);
  }

  line(context, line, k, x, y) {
    context.strokeStyle = this.colour(k);
    context.fillStyle = this.colour(k);
    const small = line.points.length > 400;
    if (!this.plot.dots) {
      context.lineWidth = 1.5;
      context.beginPath();
      for (const [at, value] of line.points) context.lineTo(x(at), y(value));
      context.stroke();
      context.lineWidth = 1;
    }
    for (const [at, value, , below, above] of line.points) {
      if (above !== undefined) {
        context.fillRect(x(at) - 0.5, y(above), 1, y(below) - y(above));
        for (const end of [below, above]) context.fillRect(x(at) - 4, y(end) - 0.5, 8, 1);
      }
      context.beginPath();
      context.arc(x(at), y(value), small ? 1.5 : 3.5, 0, 2 * Math.PI);
      context.fill();
    }
  }
}
