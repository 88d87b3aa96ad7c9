// Vectors as files.

const MAGIC = '\x93NUMPY';
const ALIGNMENT = 64;
// Rows that become one string at a time.
const ROWS = 500;

/**
 * An array of floats in NumPy's format, version 1.0.
 * @param {Float32Array} values
 * @param {number[]} shape
 */
export function npy(values, shape) {
  const dictionary = `{'descr': '<f4', 'fortran_order': False, 'shape': (${shape.join(', ')}${shape.length === 1 ? ',' : ''}), }`;
  const prefix = MAGIC.length + 4;
  const length = Math.ceil((prefix + dictionary.length + 1) / ALIGNMENT) * ALIGNMENT - prefix;
  const head = new DataView(new ArrayBuffer(prefix + length));
  [...MAGIC].forEach((character, index) => head.setUint8(index, character.charCodeAt(0)));
  head.setUint8(6, 1);
  head.setUint16(8, length, true);
  [...`${dictionary.padEnd(length - 1)}\n`].forEach((character, index) =>
    head.setUint8(prefix + index, character.charCodeAt(0)),
  );
  // Every engine with WebAssembly is little-endian, or says that it is.
  return new Blob([head, values], { type: 'application/octet-stream' });
}

/**
 * Texts and vectors as JSON. In pieces: one string of it all could be longer than strings can be.
 * @param {string} model
 * @param {string[]} texts
 * @param {Float32Array} values
 * @param {number} dim
 */
export function json(model, texts, values, dim) {
  const pieces = [`{"model":${JSON.stringify(model)},"dim":${dim},"embeddings":[\n`];
  for (let start = 0; start < texts.length; start += ROWS) {
    const rows = texts.slice(start, start + ROWS).map((text, index) => {
      const at = (start + index) * dim;
      return `{"text":${JSON.stringify(text)},"vector":[${values.subarray(at, at + dim).join()}]}`;
    });
    pieces.push(start > 0 ? ',\n' : '', rows.join(',\n'));
  }
  pieces.push('\n]}\n');
  return new Blob(pieces, { type: 'application/json' });
}
