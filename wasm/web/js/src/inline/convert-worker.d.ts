// Made by `cargo xtask build web`: the program of the converter's worker with all that it imports, as one script.

export const program: string;
