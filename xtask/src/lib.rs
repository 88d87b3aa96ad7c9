//! What `cargo xtask` needs to build and run `minilm`. It has few dependencies, as it is the first thing that a fresh machine
//! compiles; what needs models, Node or Python is in `xtask/commands`.

pub mod cargo;
pub mod cli;
pub mod paths;
pub mod program;
