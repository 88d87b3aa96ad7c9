//! A lock between processes: one of them works, the others wait.

use std::fs::{self, File, TryLockError};
use std::io;
use std::path::Path;

/// Locks the file `path` until the returned file is dropped. Where another process holds it, says on standard error what that process
/// is doing (`task`, as in "fetching a model"), and waits.
///
/// # Errors
/// The file cannot be created or locked.
pub fn acquire(path: &Path, task: &str) -> io::Result<File> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    let file = File::create(path)?;
    match file.try_lock() {
        Ok(()) => return Ok(file),
        Err(TryLockError::WouldBlock) => eprintln!("waiting for another process that is {task}"),
        Err(TryLockError::Error(error)) => return Err(error),
    }
    file.lock()?;
    Ok(file)
}
