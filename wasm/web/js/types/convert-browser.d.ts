import type { ModelDirectoryFile } from './convert.js';

export * from './convert.js';

/**
 * The files and folders of a drop, for `convertModel`. To be called in the handler of the event: its data are gone after it.
 * @throws the browser's error for a file that cannot be read
 */
export declare function droppedFiles(dataTransfer: DataTransfer): Promise<ModelDirectoryFile[]>;
