// Files and folders that were dropped onto a page.

/** @typedef {{ path: string, blob: Blob }} Dropped */

// A model directory has folders, and these have no further ones that are read.
const DEPTH = 2;

/**
 * The files of a drop with their paths. To be called in the handler of the event, whose data are gone after it.
 * @param {DataTransfer} dataTransfer
 * @returns {Promise<Dropped[]>}
 */
export async function droppedFiles(dataTransfer) {
  const items = [...dataTransfer.items].filter(({ kind }) => kind === 'file');
  const dropped = items.map((item) => item.webkitGetAsEntry?.() ?? item.getAsFile());
  const found = [];
  for (const entry of dropped) {
    if (entry instanceof File) found.push([{ path: entry.name, blob: entry }]);
    else if (entry) found.push(await walk(entry, entry.name, DEPTH));
  }
  return found.flat();
}

/**
 * @param {FileSystemEntry} entry
 * @param {string} path
 * @param {number} depth of folders that are looked into
 * @returns {Promise<Dropped[]>}
 */
async function walk(entry, path, depth) {
  if (entry.isFile) {
    const blob = await new Promise((resolve, reject) =>
      /** @type {FileSystemFileEntry} */ (entry).file(resolve, reject),
    );
    return [{ path, blob }];
  }
  if (depth === 0) return [];
  const reader = /** @type {FileSystemDirectoryEntry} */ (entry).createReader();
  const found = [];
  // A folder is told in parts, the last of which is empty.
  for (let part = await next(reader); part.length > 0; part = await next(reader)) {
    for (const inner of part) found.push(await walk(inner, `${path}/${inner.name}`, depth - 1));
  }
  return found.flat();
}

/**
 * @param {FileSystemDirectoryReader} reader
 * @returns {Promise<FileSystemEntry[]>}
 */
const next = (reader) => new Promise((resolve, reject) => reader.readEntries(resolve, reject));
