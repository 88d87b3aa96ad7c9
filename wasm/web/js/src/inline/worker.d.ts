// Made by `cargo xtask build web`: the program of the worker with all that it imports, as one script.

export const program: string;
