// Conductance maps: any layer, any quantity, cell by cell.
const QUANTITIES = {
  target: { label: "Conductance (µS)", scale: "amount" },
  readback: { label: "Conductance (µS)", scale: "amount" },
  error: { label: "Error (µS)", scale: "error" },
  pulses: { label: "Programming pulses (count)", scale: "amount" },
  denoise_pulses: { label: "Denoising pulses (count)", scale: "amount" },
  reads: { label: "Reads (count)", scale: "amount" },
};

function scaleOf(name) {
  return SCALES[(QUANTITIES[name] || { scale: "amount" }).scale];
}

function quantityOf(layer, name, bytes) {
  layer.held ??= {};
  if (!layer.held[name]) {
    if (name === "readback") {
      const error = quantityOf(layer, "error", bytes);
      layer.held[name] = quantityOf(layer, "target", bytes).map((g, i) => g + error[i]);
    } else layer.held[name] = numbers(bytes, layer.arrays[name]);
  }
  return layer.held[name];
}

function rangeOf(maps, values, name) {
  if (name === "error") return [-maps.clip, maps.clip];
  if (name === "target" || name === "readback") return maps.scale;
  const known = values.filter((one) => !Number.isNaN(one)).sort();
  return [0, Math.max(1, known[Math.floor(0.995 * (known.length - 1))] || 1)];
}

function imageOf(maps, layer, name, bytes) {
  layer.images ??= {};
  if (!layer.images[name]) {
    const values = quantityOf(layer, name, bytes);
    const [low, high] = rangeOf(maps, values, name);
    const table = scaleOf(name);
    layer.images[name] = {
      low, high, table, pixels: painted(values, layer.rows, layer.cols, table, low, high),
    };
  }
  return layer.images[name];
}

function colourBar(context, area, image, label) {
  for (let i = 0; i < area.w; i++) {
    context.fillStyle = colourOf(image.table, i / (area.w - 1));
    context.fillRect(area.x + i, area.y, 1.5, area.h);
  }
  context.fillStyle = ink("ink");
  xAxis(context, area, image.low, image.high, label);
}

class ConductanceMap {
  constructor(holder, maps, bytes) {
    Object.assign(this, { holder, maps, bytes });
    this.canvas = holder.querySelector("canvas");
    this.readout = holder.querySelector("[role=status]");
    this.layerChoice = holder.querySelector("[name=layer]");
    this.quantityChoice = holder.querySelector("[name=quantity]");
    this.cell = null;
    maps.layers.forEach((layer, k) => this.layerChoice.add(new Option(layer.name, k)));
    for (const option of [...this.quantityChoice.options]) {
      const there = option.value === "readback" || option.value in maps.layers[0].arrays;
      if (!there) option.remove();
    }
    this.view = new View(this.canvas, this.whole(), {
      onChange: () => this.draw(),
      onPoint: (at) => this.point(Math.floor(at.y), Math.floor(at.x)),
    });
    setUpKeys(holder, this.canvas, this.view, {
      cursor: () => this.cell && { x: this.cell.col + 0.5, y: this.cell.row + 0.5 },
      go: (dx, dy) => this.go(dx, dy),
    });
    this.layerChoice.addEventListener("change", () => {
      this.cell = null;
      this.view.setWhole(this.whole());
      this.draw();
    });
    this.quantityChoice.addEventListener("change", () => this.draw());
    redraws.push(() => this.draw());
    this.draw();
  }

  get layer() {
    return this.maps.layers[Number(this.layerChoice.value) || 0];
  }

  whole() {
    return { x0: 0, x1: this.layer.cols, y0: 0, y1: this.layer.rows };
  }

  go(dx, dy) {
    const { rows, cols } = this.layer;
    const cell = this.cell || { row: 0, col: 0 };
    const kept = (v, most) => Math.min(most - 1, Math.max(0, v));
    const [x, y] = this.cell ? [dx, dy] : [0, 0];
    this.point(kept(cell.row + y, rows), kept(cell.col + x, cols));
    this.view.show(this.cell.col + 0.5, this.cell.row + 0.5);
  }

  point(row, col) {
    if (this.cell && this.cell.row === row && this.cell.col === col) return;
    this.cell = { row, col };
    this.readout.textContent = this.words(row, col);
    this.draw();
  }

  // Of the quantities that a page names itself, every one of the cell.
  named(row, col) {
    const { layer, maps, bytes } = this;
    const at = row * layer.cols + col;
    const said = maps.quantities.map(({ name, label }) =>
      `${label} ${plain(quantityOf(layer, name, bytes)[at])}`);
    return [`${layer.name}, row ${row + layer.row}, column ${col + layer.col}`, ...said].join(", ");
  }

  label(name) {
    const own = (this.maps.quantities || []).find((one) => one.name === name);
    return own ? own.label : QUANTITIES[name].label;
  }

  words(row, col) {
    const { layer, bytes } = this;
    if (this.maps.quantities) return this.named(row, col);
    const at = row * layer.cols + col;
    const value = (name) => quantityOf(layer, name, bytes)[at];
    const target = value("target");
    const said = [
      `${layer.name}, row ${row}, column ${col}`,
      `target ${plain(target)} µS`,
      `read-back ${plain(value("readback"))} µS`,
      `error ${signed(value("error"), 3)} µS`,
    ];
    if (layer.arrays.pulses) {
      said.push(`${plain(value("pulses"))} pulses`);
      said.push(`${plain(value("denoise_pulses"))} denoising pulses`);
      said.push(`${plain(value("reads"))} reads`);
    }
    said.push(this.maps.outcomes[value("outcome")] || "");
    return said.filter(Boolean).join(", ");
  }

  draw() {
    const { layer, view } = this;
    const name = this.quantityChoice.value;
    const image = imageOf(this.maps, layer, name, this.bytes);
    const room = Math.max(200, this.canvas.parentElement.clientWidth) - 60;
    const tall = Math.min(460, Math.max(160, (room * layer.rows) / layer.cols));
    const { context, width } = prepared(this.canvas, tall + 104);
    const area = { x: 48, y: 8, w: width - 60, h: tall };
    const { now } = view;
    view.areas = [area];
    context.imageSmoothingEnabled = false;
    const from = [now.x0, now.y0, now.x1 - now.x0, now.y1 - now.y0];
    context.drawImage(image.pixels, ...from, area.x, area.y, area.w, area.h);
    clipped(context, area, () => {
      if (name === "error") this.marks(context, area);
      this.cursor(context, area);
    });
    frame(context, area);
    const [right, down] = [layer.col || 0, layer.row || 0];
    xAxis(context, area, now.x0 + right, now.x1 + right, "Column", true);
    yAxis(context, area, now.y0 + down, now.y1 + down, true);
    const bar = { x: 48, y: tall + 52, w: width - 60, h: 10 };
    colourBar(context, bar, image, this.label(name));
  }

  place(area, row, col) {
    const { now } = this.view;
    const w = area.w / (now.x1 - now.x0);
    const h = area.h / (now.y1 - now.y0);
    return { x: area.x + (col - now.x0) * w, y: area.y + (row - now.y0) * h, w, h };
  }

  // Crosses on cells found stuck, rings on those whose budget ended.
  marks(context, area) {
    const { layer, maps } = this;
    const outcome = quantityOf(layer, "outcome", this.bytes);
    context.strokeStyle = "#000000";
    for (let i = 0; i < outcome.length; i++) {
      const kind = maps.marked.indexOf(outcome[i]);
      if (kind < 0) continue;
      const box = this.place(area, Math.floor(i / layer.cols), i % layer.cols);
      const x = box.x + box.w / 2;
      const y = box.y + box.h / 2;
      const r = Math.min(5, Math.max(2, Math.min(box.w, box.h) / 3));
      context.beginPath();
      if (kind === 0) {
        context.moveTo(x - r, y - r);
        context.lineTo(x + r, y + r);
        context.moveTo(x - r, y + r);
        context.lineTo(x + r, y - r);
      } else context.arc(x, y, r, 0, 2 * Math.PI);
      context.stroke();
    }
  }

  cursor(context, area) {
    if (!this.cell) return;
    const box = this.place(area, this.cell.row, this.cell.col);
    const grow = Math.max(0, 5 - box.w) / 2 + 1;
    const tall = Math.max(0, 5 - box.h) / 2 + 1;
    context.lineWidth = 2;
    for (const [more, colour] of [[1.5, "#000000"], [0, "#ffffff"]]) {
      context.strokeStyle = colour;
      context.strokeRect(
        box.x - grow - more, box.y - tall - more,
        box.w + 2 * (grow + more), box.h + 2 * (tall + more),
      );
    }
  }
}

function short(value) {
  return Number(value.toPrecision(4));
}

// On paper nobody chooses: every layer, target and error.
function setUpMapSheet(sheet, maps, bytes) {
  addEventListener("beforeprint", () => {
    sheet.replaceChildren();
    for (const layer of maps.layers) {
      const named = (maps.quantities || []).slice(0, 1).map((one) => one.name);
      for (const name of named.length ? named : ["readback", "error"]) {
        const image = imageOf(maps, layer, name, bytes);
        const canvas = document.createElement("canvas");
        const caption = document.createElement("p");
        const word = name === "error" ? "error (µS)" : "read-back (µS)";
        const label = named.length ? maps.quantities[0].label : word;
        caption.textContent =
          `${layer.name}: ${label}, ${written(short(image.low))} to ${short(image.high)}`;
        sheet.append(caption, canvas);
        const tall = Math.min(220, Math.max(60, (640 * layer.rows) / layer.cols));
        const times = Math.max(1, Math.ceil(1280 / layer.cols));
        canvas.width = layer.cols * times;
        canvas.height = layer.rows * times;
        canvas.style.height = `${tall}px`;
        const context = canvas.getContext("2d");
        context.imageSmoothingEnabled = false;
        context.drawImage(image.pixels, 0, 0, canvas.width, canvas.height);
      }
    }
  });
  addEventListener("afterprint", () => sheet.replaceChildren());
}
