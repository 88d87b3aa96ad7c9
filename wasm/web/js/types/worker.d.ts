// The program that `createEmbedder` starts in a worker. It exports nothing.
export {};
