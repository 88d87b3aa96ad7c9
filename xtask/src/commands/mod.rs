//! The commands, one file each.

pub mod bench;
pub mod build;
pub mod child;
pub mod eval;
pub mod kb;
pub mod model;
pub mod run;
pub mod serve;
pub mod slice;
pub mod test;
pub mod web;
pub mod www;
