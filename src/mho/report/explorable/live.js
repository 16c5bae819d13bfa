// A run while it goes on: every message draws its part anew.
const chips = new Map();
const fleets = new Map();

function chipOf(name) {
  if (!chips.has(name)) chips.set(name, new LiveChip(name));
  return chips.get(name);
}

function time(seconds) {
  if (seconds === null || !Number.isFinite(seconds)) return "–";
  if (seconds < 90) return `${seconds.toFixed(seconds < 10 ? 1 : 0)} s`;
  return seconds < 5400 ? `${(seconds / 60).toFixed(0)} min` : `${(seconds / 3600).toFixed(1)} h`;
}

function row(cells) {
  const found = document.createElement("tr");
  cells.forEach((cell, k) => {
    const one = words(k ? "td" : "th", cell);
    if (!k) one.scope = "row";
    found.append(one);
  });
  return found;
}

function tellProgress(told) {
  const rows = told.stages.map((stage) => row([
    stage.name,
    `${(100 * stage.done).toFixed(0)} %`,
    time(stage.seconds),
    stage.done >= 1 ? "done" : time(stage.left),
  ]));
  document.getElementById("stages").replaceChildren(...rows);
}

function tellFleet(told, key) {
  const held = fleets.get(key) || { past: [] };
  held.now = told;
  const last = held.past[held.past.length - 1];
  if ("mean" in told && (!last || last.count < told.count)) held.past.push(told);
  if (held.past.length > 2000) held.past = held.past.filter((_, k) => k % 2);
  fleets.set(key, held);
  const five = (value) => (value === undefined ? "–" : Number(value.toPrecision(5)).toString());
  const rows = [...fleets.values()].map(({ now }) => row([
    now.name,
    `${now.there.toLocaleString("en")} of ${now.chips.toLocaleString("en")}`,
    five(now.mean),
    now.low === undefined ? "–" : `${five(now.low)} to ${five(now.high)}`,
    five(now.lowest),
    five(now.highest),
  ]));
  document.getElementById("tallies").replaceChildren(...rows);
  document.getElementById("fleets").hidden = false;
  drawNarrowing();
}

function drawNarrowing() {
  const all = [...fleets.values()].flatMap(({ past }) => past);
  if (!all.length) return;
  const { context, width } = prepared(document.getElementById("narrowing"), 240);
  const area = { x: 64, y: 8, w: width - 76, h: 190 };
  const most = all.reduce((a, one) => Math.max(a, one.chips), 1);
  const low = all.reduce((a, one) => Math.min(a, one.low), Infinity);
  const high = all.reduce((a, one) => Math.max(a, one.high), -Infinity);
  const room = (high - low || 1) * 0.05;
  const x = (count) => area.x + (count / most) * area.w;
  const y = (v) => area.y + ((high + room - v) / (high - low + 2 * room)) * area.h;
  [...fleets.values()].forEach(({ past }, k) => {
    context.strokeStyle = k % 2 ? ink("first") : ink("second");
    context.fillStyle = context.strokeStyle;
    context.globalAlpha = 0.2;
    context.beginPath();
    past.forEach((one) => context.lineTo(x(one.count), y(one.high)));
    [...past].reverse().forEach((one) => context.lineTo(x(one.count), y(one.low)));
    context.fill();
    context.globalAlpha = 1;
    context.beginPath();
    past.forEach((one) => context.lineTo(x(one.count), y(one.mean)));
    context.stroke();
  });
  context.fillStyle = ink("ink");
  frame(context, area);
  xAxis(context, area, 0, most, "Chips (count)");
  yAxis(context, area, high + room, low - room);
}

const STATES = {
  running: "The run goes on.",
  finished: "The run is finished: its results are in the folder. This is the last that was told.",
  stopped: "The run has stopped before its end: the same command with --resume goes on.",
};

function setUpLive() {
  setUpTheme();
  const events = new EventSource("events");
  const state = document.getElementById("state");
  let ended = false;
  const takers = {
    state({ state: now }) {
      ended = now !== "running";
      state.textContent = STATES[now] || "";
      root.dataset.state = now;
      if (ended) events.close();
    },
    progress: tellProgress,
    fleet: tellFleet,
    map: (layout, name) => chipOf(name).layOut(layout),
    chip(seen, name) {
      root.dataset.updates = Number(root.dataset.updates || 0) + 1;
      chipOf(name).take(seen);
    },
  };
  events.addEventListener("message", (event) => {
    const { name, content } = JSON.parse(event.data);
    const [kind, ...rest] = name.split("-");
    if (Object.hasOwn(takers, kind)) takers[kind](content, rest.join("-"));
  });
  events.addEventListener("error", () => {
    if (!ended) state.textContent = "Nobody answers: is mho view still there?";
  });
  redraws.push(drawNarrowing);
  addEventListener("resize", redraw);
}

setUpLive();
