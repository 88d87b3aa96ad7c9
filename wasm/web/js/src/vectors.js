// What is read as vectors. Those of another model, of another precision or of another width have no similarity, though one could be
// computed.

import { InputError } from './errors.js';
import { wrong } from './options.js';

/** @typedef {import('./embeddings.js').Data} Data */
/** @typedef {import('./embeddings.js').Model} Model */
/** @typedef {import('./embeddings.js').Precision} Precision */
/** @typedef {{ model: Model, precision: Precision }} Origin */

/** @type {Record<Precision, string>} the kind of array that has the values */
const ARRAYS = {
  float32: 'Float32Array',
  int8: 'Int8Array',
  uint8: 'Uint8Array',
  binary: 'Int8Array',
  ubinary: 'Uint8Array',
};

/** @type {WeakMap<ArrayBufferLike, Origin | null>} where values come from, for rows are views of them; `null` for more than one origin */
const origins = new WeakMap();

/** @type {WeakSet<object>} embeddings, which were checked when they were made */
const made = new WeakSet();

/** @param {Origin & { data: Data }} embeddings */
export function remember(embeddings) {
  const {
    data: { buffer },
    model,
    precision,
  } = embeddings;
  made.add(embeddings);
  const other = origins.get(buffer);
  const same = !other || (sameModel(other.model, model) && other.precision === precision);
  origins.set(buffer, other === null || !same ? null : { model, precision });
}

/**
 * @param {Model} a
 * @param {Model} b
 */
const sameModel = (a, b) => a.modelSha256 === b.modelSha256 && a.precision === b.precision;

/**
 * The fields of embeddings, from what a caller has kept of some.
 * @param {any} fields
 */
export function checkedFields(fields) {
  let { data, dim, model, precision, tokens = [], truncated = [] } = fields ?? {};
  const kind = kindOf(data);
  const given = precision ?? (kind === 'Float32Array' || Array.isArray(data) ? 'float32' : undefined);
  if (given === undefined || !Object.hasOwn(ARRAYS, given))
    throw wrong('precision', `must be one of ${Object.keys(ARRAYS).join(', ')}`);
  const wanted = ARRAYS[/** @type {Precision} */ (given)];
  if (given === 'float32' && Array.isArray(data)) data = floats(data, 'data');
  else if (kind !== wanted) throw wrong('data', `must be a ${wanted} for the precision ${given}`);
  if (!Number.isInteger(dim) || dim < 1) throw wrong('dim', 'must be a whole number from 1 on');
  const rows = data.length / dim;
  if (!Number.isInteger(rows))
    throw wrong('dim', `must divide the values of data, and ${dim} does not divide ${data.length}`);
  if (given === 'float32') finite(data, 'data');
  const named = typeof model?.name === 'string' && typeof model.precision === 'string';
  if (!named || !/^[0-9a-f]{64}$/.test(model.modelSha256)) {
    throw wrong('model', 'must be { name, modelSha256, precision }, as embeddings and `info()` have them');
  }
  for (const [option, list] of Object.entries({ tokens, truncated })) {
    if (list?.length !== 0 && list?.length !== rows)
      throw wrong(option, `must have a value for each of the ${rows} rows`);
  }
  const { name, modelSha256 } = model;
  return {
    data,
    dim,
    tokens: Uint32Array.from(tokens),
    truncated: Array.from(truncated, Boolean),
    model: Object.freeze({ name, modelSha256, precision: model.precision }),
    precision: /** @type {Precision} */ (given),
  };
}

/**
 * Embeddings, one vector or several as rows of one array.
 * @param {any} value
 * @param {string} name what the caller calls them
 * @param {Model} model that is to have made them
 * @param {number} most dimensions of its vectors
 * @returns {{ data: Float32Array, dim: number, rows: number, sure: boolean }} `sure` where the model is known to have made them
 */
export function vectors(value, name, model, most) {
  const read = rowsOf(value, name, model);
  if (read.rows > 0 && (read.dim === 0 || read.dim > most)) {
    throw new InputError('rows', `vectors of ${name} have ${read.dim} values, those of the model 1 to ${most}`);
  }
  return read;
}

/**
 * @param {any} value
 * @param {string} name
 * @param {Model} model
 */
function rowsOf(value, name, model) {
  if (made.has(value)) {
    const { data, dim, length: rows } = value;
    checkOrigin(value, name, model);
    return { data, dim, rows, sure: true };
  }
  // What structuredClone and databases make of embeddings.
  if (value?.data !== undefined)
    failed(name, 'must be embeddings: make some of those that were kept by Embeddings.from');
  const single = isVector(value);
  if (!single && !Array.isArray(value)) failed(name, 'must be embeddings, a vector or an array of vectors');
  const list = single ? [value] : value;
  const dim = list[0]?.length ?? 0;
  const data = new Float32Array(list.length * dim);
  let sure = true;
  list.forEach((/** @type {any} */ vector, /** @type {number} */ index) => {
    const which = single ? name : `vector ${index} of ${name}`;
    if (!isVector(vector)) failed(which, 'is no array of numbers');
    const origin = origins.get(vector.buffer);
    if (origin) checkOrigin(origin, which, model);
    sure &&= Boolean(origin);
    const values = floats(vector, which);
    if (values.length !== dim)
      throw new InputError('rows', `${which} has ${values.length} values, the first has ${dim}`);
    finite(values, which);
    data.set(values, index * dim);
  });
  return { data, dim, rows: list.length, sure };
}

/**
 * @param {Origin} origin
 * @param {string} name
 * @param {Model} model
 */
function checkOrigin(origin, name, model) {
  if (origin.precision !== 'float32') failed(name, `must have the precision float32, not ${origin.precision}`);
  if (!sameModel(origin.model, model)) {
    const [theirs, ours] = [origin.model, model].map(
      (one) => `${one.name} (${one.precision}, ${one.modelSha256.slice(0, 12)}…)`,
    );
    failed(name, `must be of the model ${ours}, not of ${theirs}: vectors of two models cannot be compared`);
  }
}

/** @param {any} value */
const isVector = (value) => ArrayBuffer.isView(value) || (Array.isArray(value) && typeof value[0] === 'number');

/**
 * Numbers as floats. What has whole numbers alone is what `precision` has made, or no vector.
 * @param {any} values
 * @param {string} name
 * @returns {Float32Array}
 */
function floats(values, name) {
  const kind = kindOf(values);
  if (kind === 'Float32Array') return values;
  if (kind && !kind.startsWith('Float'))
    failed(name, `must have floats, not the values of a ${kind}: only the precision float32 is compared`);
  // The methods of arrays pass over holes.
  for (let index = 0; !kind && index < values.length; index += 1) {
    if (typeof values[index] !== 'number') failed(name, `has a value that is no number at position ${index}`);
  }
  return new Float32Array(values);
}

/**
 * @param {Float32Array} values
 * @param {string} name
 */
function finite(values, name) {
  for (let index = 0; index < values.length; index += 1) {
    if (!Number.isFinite(values[index]))
      failed(name, `has the value ${values[index]} at position ${index}: all must be finite`);
  }
}

/**
 * The kind of a typed array, of whatever window or context.
 * @param {any} value
 * @returns {string | undefined}
 */
const kindOf = (value) => (ArrayBuffer.isView(value) ? /** @type {any} */ (value)[Symbol.toStringTag] : undefined);

/**
 * @param {string} name
 * @param {string} reason
 * @returns {never}
 */
function failed(name, reason) {
  throw new InputError('invalid-input', `${name} ${reason}`);
}
