// A canvas as sharp as the screen, and ticks at round numbers.
function prepared(canvas, height) {
  const width = Math.max(200, canvas.parentElement.clientWidth);
  const ratio = window.devicePixelRatio || 1;
  canvas.width = Math.round(width * ratio);
  canvas.height = Math.round(height * ratio);
  canvas.style.height = `${height}px`;
  const context = canvas.getContext("2d");
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  context.clearRect(0, 0, width, height);
  context.font = "12px system-ui, sans-serif";
  context.fillStyle = ink("ink");
  context.strokeStyle = ink("ink");
  context.lineWidth = 1;
  return { context, width };
}

function ticks(low, high, most, whole) {
  const raw = (high - low) / Math.max(1, most);
  if (!(raw > 0)) return [low];
  const power = 10 ** Math.floor(Math.log10(raw));
  let step = [1, 2, 5, 10].find((one) => one * power >= raw * 0.999) * power;
  if (whole) step = Math.max(1, Math.round(step));
  const found = [];
  for (let k = Math.ceil(low / step - 1e-9); k * step <= high + 1e-9 * step; k++) {
    found.push(Number((k * step).toPrecision(10)));
  }
  return found;
}

function written(value) {
  return String(value).replace("-", "−");
}

function xAxis(context, area, low, high, label, whole = false) {
  context.textAlign = "center";
  context.textBaseline = "top";
  const shift = whole ? 0.5 : 0;
  for (const tick of ticks(low, high - shift, area.w / 55, whole)) {
    const x = area.x + ((tick + shift - low) / (high - low)) * area.w;
    if (x < area.x || x > area.x + area.w) continue;
    context.fillRect(x, area.y + area.h, 1, 4);
    context.fillText(written(tick), x, area.y + area.h + 6);
  }
  if (label) context.fillText(label, area.x + area.w / 2, area.y + area.h + 22);
}

function yAxis(context, area, low, high, whole = false) {
  context.textAlign = "right";
  context.textBaseline = "middle";
  const shift = whole ? 0.5 : 0;
  const top = Math.min(low, high);
  for (const tick of ticks(top, Math.max(low, high) - shift, Math.max(1, area.h / 24), whole)) {
    const y = area.y + ((tick + shift - low) / (high - low)) * area.h;
    if (y < area.y || y > area.y + area.h) continue;
    context.fillRect(area.x - 4, y, 4, 1);
    context.fillText(written(tick), area.x - 7, y);
  }
}

function frame(context, area) {
  context.strokeStyle = ink("faint");
  context.strokeRect(area.x + 0.5, area.y + 0.5, area.w - 1, area.h - 1);
}

function clipped(context, area, draw) {
  context.save();
  context.beginPath();
  context.rect(area.x, area.y, area.w, area.h);
  context.clip();
  draw();
  context.restore();
}
