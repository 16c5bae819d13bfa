// A report: every part that the page has.
async function setUpReport() {
  setUpTheme();
  const held = JSON.parse(document.getElementById("numbers").textContent);
  const bytes = await unpacked(held.packed);
  const part = (name) => document.querySelector(`[data-part=${name}]`);
  if (held.maps) {
    new ConductanceMap(part("maps"), held.maps, bytes);
    setUpMapSheet(document.getElementById("map-sheet"), held.maps, bytes);
  }
  if (held.traces) new TracePlot(part("traces"), held.traces, bytes);
  if (held.plot) new Plot(part("plot"), held.plot);
  if (held.chips) new ChipChoice(part("chips"), held.chips);
  addEventListener("resize", redraw);
  // paper is white
  addEventListener("beforeprint", () => {
    root.dataset.paper = root.dataset.theme || "";
    root.dataset.theme = "light";
    redraw();
  });
  addEventListener("afterprint", () => {
    root.dataset.theme = root.dataset.paper;
    if (!root.dataset.theme) delete root.dataset.theme;
    redraw();
  });
  root.dataset.ready = "yes";
}

setUpReport();
