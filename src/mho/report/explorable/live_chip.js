// A chip that is being programmed: maps of its layers, a few cells from cycle to cycle, what it cost.
function bytesOf(text) {
  return Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
}

function words(tag, text) {
  const element = document.createElement(tag);
  element.textContent = text;
  return element;
}

class LiveChip {
  constructor(name) {
    this.holder = document.createElement("div");
    this.told = words("p", "");
    this.maps = document.createElement("figure");
    this.maps.className = "explore";
    this.traces = document.createElement("canvas");
    this.traces.setAttribute("role", "img");
    this.traces.setAttribute("aria-label", "Errors of the four cells that move most, from cycle to cycle (µS)");
    const figure = document.createElement("figure");
    figure.className = "explore";
    figure.append(
      this.traces,
      words("figcaption", "Last reading minus target (µS), cycle by cycle, of four cells: those among 64 that move most. The band is the tolerance."),
    );
    this.holder.append(words("h2", `Chip, ${name}`), this.told, this.maps, figure);
    document.getElementById("chips").append(this.holder);
    redraws.push(() => this.draw());
  }

  layOut(layout) {
    this.layout = layout;
    this.maps.replaceChildren();
    for (const layer of layout.layers) {
      layer.places = new Int32Array(bytesOf(layer.cells).buffer);
      layer.canvas = document.createElement("canvas");
      layer.canvas.setAttribute("role", "img");
      layer.canvas.setAttribute("aria-label", `Conductance map of ${layer.name}, filling in`);
      this.maps.append(words("p", layer.name), layer.canvas);
    }
    this.draw();
  }

  take(seen) {
    this.seen = seen;
    const { cost } = seen;
    const done = (seen.cells - seen.live).toLocaleString("en");
    this.told.textContent =
      `${done} of ${seen.cells.toLocaleString("en")} cells done after ${seen.cycles} cycles, ` +
      `${seen.stuck} found stuck. So far ${cost.pulses.toLocaleString("en")} pulses, ` +
      `${cost.seconds.toPrecision(3)} s and ${(cost.joules * 1e3).toPrecision(3)} mJ on the chip.`;
    this.draw();
  }

  draw() {
    if (!this.seen) return;
    if (this.layout) this.drawMaps();
    this.drawTraces();
  }

  drawMaps() {
    const codes = new Uint16Array(bytesOf(this.seen.conductance).buffer);
    for (const layer of this.layout.layers) {
      const values = Float32Array.from(layer.places, (place) => {
        const code = place < 0 ? 65535 : codes[place];
        return code === 65535 ? NaN : (code / 65534) * 1.2 - 0.1;
      });
      const image = painted(values, layer.rows, layer.cols, SCALES.amount, 0, 1);
      const room = Math.max(200, this.maps.clientWidth);
      const tall = Math.min(260, Math.max(48, (room * layer.rows) / layer.cols));
      const { context, width } = prepared(layer.canvas, tall);
      context.imageSmoothingEnabled = false;
      context.drawImage(image, 0, 0, width, tall);
      frame(context, { x: 0, y: 0, w: width, h: tall });
    }
  }

  drawTraces() {
    const { traces, trace_cycles: cycles, tolerance } = this.seen;
    const row = 70;
    const { context, width } = prepared(this.traces, row * traces.length + 44);
    if (!cycles.length) return;
    const from = cycles[0];
    const to = Math.max(cycles[cycles.length - 1], from + 1);
    traces.forEach((trace, k) => {
      const area = { x: 48, y: 6 + k * row, w: width - 60, h: row - 10 };
      const last = trace.slice(-60).map(Math.abs);
      const reach = Math.max(3 * tolerance, 1.1 * last.reduce((a, b) => Math.max(a, b), 0));
      const y = (v) => area.y + ((reach - v) / (2 * reach)) * area.h;
      context.globalAlpha = 0.2;
      context.fillStyle = "#009E73";
      context.fillRect(area.x, y(tolerance), area.w, y(-tolerance) - y(tolerance));
      context.globalAlpha = 1;
      context.fillStyle = ink("ink");
      context.strokeStyle = ink("second");
      clipped(context, area, () => {
        context.beginPath();
        trace.forEach((v, i) => {
          context.lineTo(area.x + ((cycles[i] - from) / (to - from)) * area.w, y(v));
        });
        context.stroke();
      });
      frame(context, area);
      yAxis(context, area, reach, -reach);
      context.textAlign = "right";
      context.textBaseline = "top";
      context.fillText(`cell ${this.seen.followed[k]}`, area.x + area.w - 4, area.y + 3);
      if (k === traces.length - 1) xAxis(context, area, from, to, "Cycle");
    });
  }
}
