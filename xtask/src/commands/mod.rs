//! The commands, one file each.

pub mod bench;
pub mod build;
pub mod eval;
pub mod model;
pub mod slice;
pub mod test;
pub mod web;
pub mod www;
