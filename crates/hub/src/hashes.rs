//! Hashes of files, remembered by size and time of change, and what directories compute, by the hashes of their files: weights need not be
//! read again by every run.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};

use super::Error;
use super::download::sha256_of;

/// A file that has changed later than this may change again without a new time of change.
const SETTLED: Duration = Duration::from_secs(2);

/// Smaller files are hashed each time.
const WORTH_REMEMBERING: u64 = 1 << 20;

/// What is known about a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Remembered {
    len: u64,
    modified_ns: u64,
    sha256: String,
}

/// The hashes that are remembered in one file.
#[derive(Debug)]
pub struct Hashes {
    file: PathBuf,
    memory: Memory,
    changed: bool,
}

/// The content of the file.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Memory {
    /// By the paths of the files.
    files: BTreeMap<String, Remembered>,
    /// Hashes of the inputs of models that compute what the catalog says.
    models: BTreeSet<String>,
}

/// Models that are remembered, at most: there is one for each version of each model.
const MAX_MODELS: usize = 100;

impl Hashes {
    /// Those in `file`; none where it is not there or not understood.
    pub fn open(file: PathBuf) -> Self {
        let memory = fs::read(&file).ok().and_then(|bytes| serde_json::from_slice(&bytes).ok()).unwrap_or_default();
        Self { file, memory, changed: false }
    }

    /// Whether a model whose inputs have this hash was found to be right.
    pub fn has_model(&self, inputs: &str) -> bool {
        self.memory.models.contains(inputs)
    }

    /// Remembers that a model whose inputs have this hash is right.
    pub fn add_model(&mut self, inputs: String) {
        if self.memory.models.len() >= MAX_MODELS {
            self.memory.models.clear();
        }
        self.changed |= self.memory.models.insert(inputs);
    }

    /// sha256 of a file, lowercase hex. Links are followed.
    pub fn of(&mut self, path: &Path) -> Result<String, Error> {
        let path = path.canonicalize().map_err(Error::io(path))?;
        let metadata = fs::metadata(&path).map_err(Error::io(&path))?;
        let modified = metadata.modified().map_err(Error::io(&path))?;
        let modified_ns = modified.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_nanos() as u64);
        let name = path.to_string_lossy().into_owned();
        if let Some(known) = self.memory.files.get(&name)
            && (known.len, known.modified_ns) == (metadata.len(), modified_ns)
        {
            return Ok(known.sha256.clone());
        }
        let sha256 = sha256_of(&path)?;
        let settled = SystemTime::now().duration_since(modified).is_ok_and(|age| age > SETTLED);
        if settled && metadata.len() >= WORTH_REMEMBERING {
            self.memory.files.insert(name, Remembered { len: metadata.len(), modified_ns, sha256: sha256.clone() });
            self.changed = true;
        }
        Ok(sha256)
    }

    /// Writes what is new. A cache that cannot be written, as in a container image, is no error: hashes are computed again then.
    pub fn save(mut self) {
        if !self.changed {
            return;
        }
        self.memory.files.retain(|name, _| Path::new(name).exists());
        let Ok(text) = serde_json::to_string_pretty(&self.memory) else { return };
        let temporary = self.file.with_extension(format!("json.{}", std::process::id()));
        let folder = self.file.parent().map_or(Ok(()), fs::create_dir_all);
        if folder.is_ok() && fs::write(&temporary, text).is_ok() {
            let _ = fs::rename(&temporary, &self.file);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs::{self, File};
    use std::time::{Duration, SystemTime};

    use super::Hashes;

    #[test]
    fn a_hash_is_remembered_until_the_file_changes() {
        let folder = tempfile::tempdir().unwrap();
        let (file, memory) = (folder.path().join("weights"), folder.path().join("hashes.json"));
        let of = |file| {
            let mut hashes = Hashes::open(memory.clone());
            let hash = hashes.of(file).unwrap();
            hashes.save();
            hash
        };
        fs::write(&file, vec![1; 2 << 20]).unwrap();
        let old = SystemTime::now() - Duration::from_secs(60);
        let set_time = |time| File::options().write(true).open(&file).unwrap().set_modified(time).unwrap();
        set_time(old);
        let first = of(&file);
        assert!(memory.exists());

        // The same size and time: what was remembered counts.
        fs::write(&file, vec![2; 2 << 20]).unwrap();
        set_time(old);
        assert_eq!(of(&file), first);
        // Another time: the file is read.
        set_time(old + Duration::from_secs(1));
        assert_ne!(of(&file), first);
    }

    #[test]
    fn a_file_that_has_just_changed_is_not_remembered() {
        let folder = tempfile::tempdir().unwrap();
        let (file, memory) = (folder.path().join("weights"), folder.path().join("hashes.json"));
        fs::write(&file, vec![1; 2 << 20]).unwrap();
        let mut hashes = Hashes::open(memory.clone());
        hashes.of(&file).unwrap();
        hashes.save();
        assert!(!memory.exists());
    }
}
