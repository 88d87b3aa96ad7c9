// A dropped file as rows of cells.

const { Papa } = globalThis;

export const MOST_BYTES = 100e6;
export const MOST_ROWS = 100_000;

/**
 * Reads a file: tables by their commas, tabs or semicolons, anything else by its lines.
 * @param {File} file
 * @returns {Promise<{ rows: string[][], isTable: boolean }>}
 */
export async function read(file) {
  if (file.size > MOST_BYTES) {
    throw new Error(`${file.name} has ${Math.round(file.size / 1e6)} MB; at most ${MOST_BYTES / 1e6} are read.`);
  }
  let text;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(await file.arrayBuffer());
  } catch {
    throw new Error(`${file.name} is not text in UTF-8.`);
  }
  const isTable = /\.(csv|tsv|tab)$/i.test(file.name) || file.type === 'text/csv';
  const rows = isTable ? table(file.name, text) : text.split(/\r?\n/).map((line) => [line.trim()]);
  const filled = rows.filter((row) => row.some((cell) => cell.trim() !== ''));
  if (filled.length === 0) throw new Error(`${file.name} has no text in it.`);
  if (filled.length > MOST_ROWS)
    throw new Error(`${file.name} has ${filled.length} rows; at most ${MOST_ROWS} are embedded.`);
  return { rows: filled, isTable };
}

function table(name, text) {
  const { data, errors } = Papa.parse(text, { skipEmptyLines: 'greedy' });
  const fault = errors.find(({ code }) => code !== 'UndetectableDelimiter');
  if (fault) throw new Error(`${name}, row ${(fault.row ?? 0) + 1}: ${fault.message}.`);
  return data;
}

/** The column that looks most like texts: the one with the longest cells. */
export function longestColumn(rows) {
  const width = Math.max(...rows.map((row) => row.length));
  const lengths = Array.from({ length: width }, (_, column) =>
    rows.reduce((sum, row) => sum + (row[column]?.length ?? 0), 0),
  );
  return lengths.indexOf(Math.max(...lengths));
}
