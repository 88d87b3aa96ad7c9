//! Opening files, with errors that know where this program runs.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use anyhow::{Context, Result};

/// Opens a file for reading.
pub fn open(path: &Path) -> Result<File> {
    File::open(path).with_context(|| cannot("read", path))
}

/// A whole file.
pub fn read(path: &Path) -> Result<Vec<u8>> {
    let mut file = open(path)?;
    let len = file.metadata().map_or(0, |metadata| metadata.len());
    let mut bytes = Vec::new();
    // One allocation of the right size: a vector that grows would need twice the memory of a model.
    bytes.try_reserve_exact(usize::try_from(len)?).with_context(|| cannot("read", path))?;
    file.read_to_end(&mut bytes).with_context(|| cannot("read", path))?;
    Ok(bytes)
}

/// What could not be done to `path`. In WASI a file that is there may still be out of sight, which looks like a wrong path
/// to everybody who meets it first.
pub fn cannot(verb: &str, path: &Path) -> String {
    let hint = if cfg!(target_os = "wasi") {
        " (a component sees only the folders it is given: wasmtime run --dir . …)"
    } else {
        ""
    };
    format!("cannot {verb} {}{hint}", path.display())
}
