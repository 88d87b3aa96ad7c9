//! The user's cache of models. A model directory appears there complete or not at all.
//!
//! `<root>/<owner>--<name>/` holds the files and a `manifest.json`; `<owner>--<name>.part/` what is under way;
//! `<owner>--<name>.lock` is held by the one process that fetches. Lock files stay: removing one that another
//! process is about to lock would let two in.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use minilm_convert::ModelFiles;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::Error;
use super::download::sha256_of;
use crate::file_lock;

/// The file that holds the weights of models of the catalog, and is pinned.
pub const WEIGHTS: &str = "model.safetensors";
/// What was put into a model directory, beside its files.
pub const MANIFEST: &str = "manifest.json";

/// What was put into a model directory: enough to see cheaply that it is whole.
#[derive(Debug, Serialize, Deserialize)]
pub struct Manifest {
    /// `owner/name` on the hub.
    pub repo: String,
    /// Where it came from.
    pub source: String,
    /// sha256 of the weights, lowercase hex: see [`one_hash`].
    pub sha256: String,
    /// Sizes in bytes by path.
    pub files: BTreeMap<String, u64>,
}

/// The place of one model.
#[derive(Debug)]
pub struct Entry {
    /// The directory, once it is complete.
    pub directory: PathBuf,
    part: PathBuf,
    lock: PathBuf,
    repo: String,
}

/// Where a model is put together, on the same file system as its final place.
#[derive(Debug)]
pub struct Staging {
    /// Large downloads, kept between runs so that they can be resumed.
    pub downloads: PathBuf,
    /// The directory to be: empty at first, so that two sources or two revisions never mix.
    pub model: PathBuf,
}

impl Entry {
    /// The place of `repo` (`owner/name`) under `root`.
    pub fn new(root: &Path, repo: &str) -> Entry {
        let name = repo.replace('/', "--");
        Entry {
            directory: root.join(&name),
            part: root.join(format!("{name}.part")),
            lock: root.join(format!("{name}.lock")),
            repo: repo.to_owned(),
        }
    }

    /// Whether the model is here, by sizes. Its weights must have one of the sha256 `pins`, if there are any.
    pub fn is_complete(&self, pins: &[&str]) -> Result<bool, Error> {
        if !self.directory.exists() {
            return Ok(false);
        }
        let Some(manifest) = self.manifest()? else {
            return self.adopt(pins).map(|()| true);
        };
        let same_size = |(name, size): (&String, &u64)| {
            fs::metadata(self.directory.join(name)).is_ok_and(|meta| meta.len() == *size)
        };
        let right_weights = pins.is_empty() || pins.contains(&manifest.sha256.as_str());
        Ok(right_weights && manifest.files.iter().all(same_size))
    }

    /// Whether the weights still have the hash they came with: reads all of them.
    pub fn is_intact(&self) -> Result<bool, Error> {
        match self.manifest()? {
            Some(manifest) => {
                let paths: Vec<String> = manifest.files.into_keys().collect();
                Ok(sha256_of_weights(&self.directory, &paths)? == manifest.sha256)
            }
            None => Ok(false),
        }
    }

    /// Waits until no other process fetches this model.
    pub fn lock(&self) -> Result<File, Error> {
        file_lock::acquire(&self.lock, &format!("fetching {}", self.repo)).map_err(Error::io(&self.lock))
    }

    /// An empty model directory, beside what earlier runs have downloaded. Call with the lock held.
    pub fn stage(&self) -> Result<Staging, Error> {
        let staging = Staging { downloads: self.part.join("downloads"), model: self.part.join("model") };
        remove_dir_if_there(&staging.model)?;
        for dir in [&staging.downloads, &staging.model] {
            fs::create_dir_all(dir).map_err(Error::io(dir))?;
        }
        Ok(staging)
    }

    /// Puts the staged model into its place. Call with the lock held.
    pub fn publish(&self, staging: &Staging, source: &str, sha256: String) -> Result<(), Error> {
        self.write_manifest(&staging.model, source, sha256)?;
        remove_dir_if_there(&self.directory)?;
        fs::rename(&staging.model, &self.directory).map_err(Error::io(&self.directory))?;
        remove_dir_if_there(&self.part)
    }

    /// After a failure: leaves nothing but downloads that can be resumed. Call with the lock held.
    pub fn tidy(&self, staging: &Staging) -> Result<(), Error> {
        remove_dir_if_there(&staging.model)?;
        // A directory that is not empty stays, which is the point.
        if fs::remove_dir(&staging.downloads).is_ok() {
            remove_dir_if_there(&self.part)?;
        }
        Ok(())
    }

    /// Takes over a directory that the user has put here, after one look at its weights.
    fn adopt(&self, pins: &[&str]) -> Result<(), Error> {
        let mut files = BTreeMap::new();
        list(&self.directory, "", &mut files)?;
        let paths: Vec<String> = files.into_keys().collect();
        if let Err(error) = ModelFiles::read_of(&paths) {
            let reason = format!("{error}; complete this directory or remove it, and it will be fetched");
            return Err(Error::invalid(self.directory.display(), reason));
        }
        let actual = sha256_of_weights(&self.directory, &paths)?;
        if !pins.is_empty() && !pins.contains(&actual.as_str()) {
            let expected = pins.join(" or ");
            let reason = format!(
                "sha256 of the weights is {actual}, expected {expected}; remove the directory, or pass it as --model DIR if you mean it"
            );
            return Err(Error::invalid(self.directory.display(), reason));
        }
        match self.write_manifest(&self.directory, "put here by hand", actual) {
            // A read-only cache, as in a container image, is as good; it only costs the hash again.
            Err(Error::Io { .. }) | Ok(()) => Ok(()),
            Err(error) => Err(error),
        }
    }

    fn manifest(&self) -> Result<Option<Manifest>, Error> {
        read_manifest(&self.directory)
    }

    fn write_manifest(&self, directory: &Path, source: &str, sha256: String) -> Result<(), Error> {
        let mut files = BTreeMap::new();
        list(directory, "", &mut files)?;
        let manifest = Manifest { repo: self.repo.clone(), source: source.to_owned(), sha256, files };
        let path = directory.join(MANIFEST);
        let text = serde_json::to_string_pretty(&manifest).map_err(|error| Error::invalid(path.display(), error))?;
        let temporary = directory.join(format!("{MANIFEST}.{}", std::process::id()));
        fs::write(&temporary, text).map_err(Error::io(&temporary))?;
        fs::rename(&temporary, &path).map_err(Error::io(&path))
    }
}

/// The sha256 of a model's weights: of the file that holds them; of several files, that of the list that `sha256sum` prints.
pub fn one_hash(hashes: &BTreeMap<String, String>) -> String {
    let mut hash = Sha256::new();
    for (path, sha256) in hashes {
        if hashes.len() == 1 {
            return sha256.clone();
        }
        hash.update(format!("{sha256}  {path}\n"));
    }
    format!("{:x}", hash.finalize())
}

/// The [`one_hash`] of the weights among `paths`, the files in `directory`.
fn sha256_of_weights(directory: &Path, paths: &[String]) -> Result<String, Error> {
    let weights = ModelFiles::weights_of(paths).into_iter().filter(|path| !path.ends_with(".json"));
    let hashes: Result<_, Error> = weights.map(|path| Ok((path.clone(), sha256_of(&directory.join(path))?))).collect();
    Ok(one_hash(&hashes?))
}

/// The manifest in a model directory; `None` where there is none.
pub fn read_manifest(directory: &Path) -> Result<Option<Manifest>, Error> {
    let path = directory.join(MANIFEST);
    match fs::read(&path) {
        Ok(bytes) => serde_json::from_slice(&bytes).map(Some).map_err(|error| Error::invalid(path.display(), error)),
        // `NotADirectory`: a lock file lies beside the directories.
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => Ok(None),
        Err(error) => Err(Error::io(&path)(error)),
    }
}

/// Collects the files under `directory` by their path with `/`, and their sizes.
pub fn list(directory: &Path, prefix: &str, files: &mut BTreeMap<String, u64>) -> Result<(), Error> {
    for item in fs::read_dir(directory).map_err(Error::io(directory))? {
        let item = item.map_err(Error::io(directory))?;
        let path = item.path();
        let name = format!("{prefix}{}", item.file_name().to_string_lossy());
        let meta = fs::metadata(&path).map_err(Error::io(&path))?;
        if meta.is_dir() {
            list(&path, &format!("{name}/"), files)?;
        } else if !name.starts_with(MANIFEST) {
            files.insert(name, meta.len());
        }
    }
    Ok(())
}

fn remove_dir_if_there(path: &Path) -> Result<(), Error> {
    match fs::remove_dir_all(path) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(Error::io(path)(error)),
        _ => Ok(()),
    }
}
