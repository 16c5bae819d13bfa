// Colour scales: viridis for amounts, purple to orange for errors around zero.
const VIRIDIS = [
  [68, 1, 84], [72, 40, 120], [62, 74, 137], [49, 104, 142], [38, 130, 142],
  [31, 158, 137], [53, 183, 121], [109, 205, 89], [180, 222, 44], [253, 231, 37],
];
const DIVERGING = [
  [127, 59, 8], [179, 88, 6], [224, 130, 20], [253, 184, 99], [254, 224, 182],
  [247, 247, 247],
  [216, 218, 235], [178, 171, 210], [128, 115, 172], [84, 39, 136], [45, 0, 75],
];

function lookUp(stops) {
  const table = new Uint8ClampedArray(256 * 3);
  for (let i = 0; i < 256; i++) {
    const at = (i / 255) * (stops.length - 1);
    const first = Math.min(Math.floor(at), stops.length - 2);
    for (let k = 0; k < 3; k++) {
      const from = stops[first][k];
      table[3 * i + k] = from + (at - first) * (stops[first + 1][k] - from);
    }
  }
  return table;
}

const SCALES = { amount: lookUp(VIRIDIS), error: lookUp(DIVERGING) };

function colourOf(table, share) {
  const at = 3 * Math.round(255 * Math.min(1, Math.max(0, share)));
  return `rgb(${table[at]},${table[at + 1]},${table[at + 2]})`;
}

// One pixel a cell; what is no number stays open.
function painted(values, rows, cols, table, low, high) {
  const canvas = document.createElement("canvas");
  canvas.width = cols;
  canvas.height = rows;
  const context = canvas.getContext("2d");
  const image = context.createImageData(cols, rows);
  const scale = 255 / (high - low || 1);
  for (let i = 0; i < values.length; i++) {
    const value = values[i];
    if (Number.isNaN(value)) continue;
    const at = 3 * Math.round(Math.min(255, Math.max(0, (value - low) * scale)));
    image.data[4 * i] = table[at];
    image.data[4 * i + 1] = table[at + 1];
    image.data[4 * i + 2] = table[at + 2];
    image.data[4 * i + 3] = 255;
  }
  context.putImageData(image, 0, 0);
  return canvas;
}
