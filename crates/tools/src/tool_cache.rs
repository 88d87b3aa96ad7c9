//! Tools at pinned versions, installed into the user's cache folder: nothing lands in the tree.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Result;

use minilm_hub::file_lock;

/// The folder of the command `name`.
pub fn folder(name: &str) -> Result<PathBuf> {
    Ok(minilm_hub::cache_root()?.join(name))
}

/// Runs `steps` in an empty `folder` with copies of the `wanted` files, unless it was done for the same ones before. A copy of
/// their text beside the folder says so, written at the end.
pub fn install(folder: &Path, wanted: &[&Path], steps: impl FnOnce() -> Result<()>) -> Result<()> {
    let text = wanted.iter().map(fs::read_to_string).collect::<Result<String, _>>()?;
    let stamp = folder.with_extension("installed");
    // Another checkout may be at it.
    let _lock = file_lock::acquire(&folder.with_extension("lock"), &format!("installing into {}", folder.display()))?;
    if fs::read_to_string(&stamp).is_ok_and(|installed| installed == text) {
        return Ok(());
    }
    if stamp.exists() {
        fs::remove_file(&stamp)?;
    }
    if folder.exists() {
        fs::remove_dir_all(folder)?;
    }
    fs::create_dir_all(folder)?;
    for file in wanted {
        fs::copy(file, folder.join(file.file_name().unwrap_or_default()))?;
    }
    steps()?;
    Ok(fs::write(stamp, text)?)
}
