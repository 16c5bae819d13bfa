// Numbers of the page: compressed, two bytes each, low bytes of an array before its high ones.
async function unpacked(text) {
  const bytes = Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
  const stream = new Blob([bytes])
    .stream()
    .pipeThrough(new DecompressionStream("deflate"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

function half(code) {
  const sign = code & 0x8000 ? -1 : 1;
  const exponent = (code >> 10) & 31;
  const fraction = code & 1023;
  if (exponent === 31) return fraction ? NaN : sign * Infinity;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

function numbers(bytes, array) {
  const found = new Float32Array(array.count);
  for (let i = 0; i < array.count; i++) {
    const code = bytes[array.at + i] | (bytes[array.at + array.count + i] << 8);
    if (array.half) found[i] = half(code);
    else found[i] = code === 65535 ? NaN : array.low + code * array.step;
  }
  return found;
}

function signed(value, digits) {
  if (!Number.isFinite(value)) return "unknown";
  const shown = Math.abs(value).toPrecision(digits);
  return (value < 0 ? "−" : "+") + Number(shown);
}

function plain(value) {
  return Number.isFinite(value) ? String(Number(value.toPrecision(6))) : "unknown";
}
