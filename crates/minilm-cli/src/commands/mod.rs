//! The commands, one file each.

pub mod bake;
pub mod component;
pub mod kb;
pub mod models;
pub mod secrets;
pub mod serve;
pub mod www;
