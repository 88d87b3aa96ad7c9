//! What a machine does with the components of minilm.

pub mod bake;
