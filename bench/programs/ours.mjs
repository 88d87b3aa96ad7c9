// Our module, or any with its C interface (bench/module): texts in, vectors out, tokenization and pooling included.

export class Contender {
  #read;
  #cases = new Map();
  #texts = 0;
  #dim = 0;
  #start = 0;

  // `read(file)` gives the bytes of a file.
  constructor(read) {
    this.#read = read;
  }

  // Takes the first module that this engine accepts, as the loader of the web package does.
  async load({ modules, file }) {
    let backend;
    for (const [name, path] of Object.entries(modules)) {
      const bytes = await this.#read(path);
      if (!WebAssembly.validate(bytes)) continue;
      const { instance } = await WebAssembly.instantiate(bytes, {});
      this.exports = instance.exports;
      backend = name;
      break;
    }
    if (!backend) throw new Error(`no module validates: ${Object.keys(modules).join(', ')}`);
    const model = await this.#read(file);
    this.#dim = this.exports.load(...this.#put(model));
    if (!this.#dim) throw new Error(`the module refuses ${file}`);
    return { backend, file: model.length };
  }

  prepare(name, texts) {
    if (!this.#cases.has(name)) {
      const bytes = new TextEncoder().encode(texts.join('\n'));
      this.#cases.set(name, { buffer: this.#put(bytes), texts: texts.length });
    }
    return { tokens: this.choose(name) };
  }

  choose(name) {
    const { buffer, texts } = this.#cases.get(name);
    this.#texts = texts;
    const tokens = this.exports.set_texts(...buffer);
    if (!tokens) throw new Error(`the module refuses the texts of ${name}`);
    return tokens;
  }

  encode() {
    this.#start = this.exports.encode();
    if (!this.#start) throw new Error('encode failed');
  }

  vectors() {
    const { buffer } = this.exports.memory;
    const row = (i) => new Float32Array(buffer, this.#start + i * this.#dim * 4, this.#dim);
    return Array.from({ length: this.#texts }, (_, i) => row(i));
  }

  memory() {
    return this.exports.memory.buffer.byteLength;
  }

  // A buffer in the module's memory with these bytes: where it starts, and how long it is.
  #put(bytes) {
    const start = this.exports.allocate(bytes.length);
    new Uint8Array(this.exports.memory.buffer, start, bytes.length).set(bytes);
    return [start, bytes.length];
  }
}
