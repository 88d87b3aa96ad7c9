//! The HTTP component in real wasmtime, over real sockets.

mod clients;
mod golden;
mod hostile;
pub mod imports;
mod load;
mod settings;
mod slow;
mod spin;

use std::path::PathBuf;

use crate::running::{Running, options};
use crate::{L3, component};

/// The component with the model of these tests.
fn http() -> PathBuf {
    component("http", L3)
}

/// Serves the component with these settings.
fn serve(env: &[(&str, &str)]) -> Running {
    Running::start(&http(), options(env))
}
