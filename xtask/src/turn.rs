//! One process at a time.

use std::fs::{self, File, TryLockError};
use std::io;
use std::path::Path;

/// Holds the file `path` as long as what it gives lives. Where another process holds it, says that it is `at` something, and waits.
pub fn take(path: &Path, at: &str) -> io::Result<File> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    let file = File::create(path)?;
    match file.try_lock() {
        Ok(()) => return Ok(file),
        Err(TryLockError::WouldBlock) => eprintln!("waiting for another process that is {at}"),
        Err(TryLockError::Error(error)) => return Err(error),
    }
    file.lock()?;
    Ok(file)
}
