//! What is done with whole folders.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

/// Copies what `wanted` accepts, which is asked about folders too.
pub fn copy(from: &Path, to: &Path, wanted: &dyn Fn(&Path) -> bool) -> Result<()> {
    fs::create_dir_all(to)?;
    for path in entries(from)?.into_iter().filter(|path| wanted(path)) {
        let target = to.join(path.file_name().unwrap_or_default());
        if path.is_dir() {
            copy(&path, &target, wanted)?;
        } else {
            fs::copy(path, target)?;
        }
    }
    Ok(())
}

/// The files and folders in a folder whose names end with `suffix`, sorted.
pub fn ending_with(folder: &Path, suffix: &str) -> Result<Vec<PathBuf>> {
    let mut found = entries(folder)?;
    found.retain(|path| path.to_string_lossy().ends_with(suffix));
    Ok(found)
}

/// All that is in a folder, sorted.
pub fn entries(folder: &Path) -> Result<Vec<PathBuf>> {
    let read = || fs::read_dir(folder)?.map(|entry| Ok(entry?.path())).collect::<std::io::Result<Vec<_>>>();
    let mut found = read().with_context(|| format!("cannot read {}", folder.display()))?;
    found.sort();
    Ok(found)
}
