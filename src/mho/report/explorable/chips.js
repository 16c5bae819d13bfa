// Many chips: a dot for each in every way to program them; those that are chosen stay marked.
class ChipChoice {
  constructor(holder, chips) {
    this.chips = chips;
    this.canvas = holder.querySelector("canvas");
    this.readout = holder.querySelector("[role=status]");
    this.list = holder.querySelector("[data-list]");
    this.choice = holder.querySelector("[name=chip]");
    this.chosen = new Set();
    this.now = null;
    chips.seeds.forEach((seed, k) => this.choice.add(new Option(`chip ${seed}`, k)));
    this.choice.addEventListener("change", () => this.point(0, Number(this.choice.value)));
    const all = chips.ways.flatMap((way) => way.scores).concat([chips.software]);
    const low = all.reduce((a, b) => Math.min(a, b));
    const high = all.reduce((a, b) => Math.max(a, b));
    const room = (high - low || 1) * 0.05;
    this.order = chips.ways.map((way) =>
      way.scores.map((_, k) => k).sort((a, b) => way.scores[a] - way.scores[b]));
    this.view = new View(this.canvas, { x0: low - room, x1: high + room, y0: 0, y1: 1 }, {
      onChange: () => this.draw(),
      onPoint: (at, pressed) => this.near(at, pressed),
      lockY: true,
      finest: (high - low || 1) / 50,
    });
    setUpKeys(holder, this.canvas, this.view, {
      cursor: () => this.now && { x: this.score(), y: 0 },
      go: (dx, dy) => this.go(dx, dy),
      choose: () => this.toggle(),
    });
    holder.querySelector("[data-press=choose]").addEventListener("click", () => this.toggle());
    redraws.push(() => this.draw());
    this.draw();
  }

  score() {
    return this.chips.ways[this.now.way].scores[this.now.chip];
  }

  near(at, pressed) {
    const { scores } = this.chips.ways[at.area];
    let best = 0;
    scores.forEach((score, k) => {
      if (Math.abs(score - at.x) < Math.abs(scores[best] - at.x)) best = k;
    });
    this.point(at.area, best);
    if (pressed) this.toggle();
  }

  go(dx, dy) {
    if (!this.now) {
      this.point(0, this.order[0][0]);
      return;
    }
    const way = Math.min(this.chips.ways.length - 1, Math.max(0, this.now.way + Math.sign(dy)));
    const order = this.order[way];
    const place = order.indexOf(this.now.chip) + dx;
    this.point(way, order[Math.min(order.length - 1, Math.max(0, place))]);
    this.view.show(this.score(), 0);
  }

  point(way, chip) {
    this.now = { way, chip };
    this.choice.value = String(chip);
    this.readout.textContent = this.words(chip);
    this.draw();
  }

  words(chip) {
    const { columns, rows } = this.chips;
    return rows[chip].map((cell, k) => `${columns[k]} ${cell}`).join(", ");
  }

  toggle() {
    if (!this.now) return;
    const { chip } = this.now;
    if (!this.chosen.delete(chip)) this.chosen.add(chip);
    this.list.replaceChildren(...[...this.chosen].map((one) => {
      const item = document.createElement("li");
      item.textContent = this.words(one);
      return item;
    }));
    this.draw();
  }

  draw() {
    const { chips, view } = this;
    const row = 64;
    const { context, width } = prepared(this.canvas, row * chips.ways.length + 56);
    view.areas = chips.ways.map((_, k) => ({ x: 10, y: 4 + k * row, w: width - 20, h: row - 8 }));
    const { now } = view;
    const place = (area, score) => area.x + ((score - now.x0) / (now.x1 - now.x0)) * area.w;
    chips.ways.forEach((way, k) => {
      const area = view.areas[k];
      clipped(context, area, () => this.dots(context, area, way, k, place));
      frame(context, area);
      context.fillStyle = ink("ink");
      context.textAlign = "left";
      context.textBaseline = "top";
      context.fillText(way.name, area.x + 5, area.y + 4);
    });
    const last = view.areas[view.areas.length - 1];
    const unit = chips.unit === "1" ? "" : ` (${chips.unit})`;
    xAxis(context, last, now.x0, now.x1, `${chips.metric}${unit}, in software dashed`);
  }

  dots(context, area, way, k, place) {
    context.strokeStyle = ink("faint");
    context.setLineDash([4, 3]);
    context.beginPath();
    context.moveTo(place(area, this.chips.software), area.y);
    context.lineTo(place(area, this.chips.software), area.y + area.h);
    context.stroke();
    context.setLineDash([]);
    way.scores.forEach((score, chip) => {
      // lanes keep equal scores apart
      const y = area.y + 26 + ((chip * 7) % 5) * 5;
      const x = place(area, score);
      context.fillStyle = k ? ink("first") : ink("second");
      context.beginPath();
      context.arc(x, y, 3, 0, 2 * Math.PI);
      context.fill();
      const isNow = this.now && this.now.chip === chip;
      if (!isNow && !this.chosen.has(chip)) return;
      context.strokeStyle = ink("ink");
      context.lineWidth = isNow ? 2.5 : 1.5;
      context.beginPath();
      context.arc(x, y, isNow ? 7 : 5.5, 0, 2 * Math.PI);
      context.stroke();
      context.lineWidth = 1;
    });
  }
}
