//! The user's cache of models. A model directory appears there complete or not at all.
//!
//! `<root>/<owner>--<name>/` holds the files and a `manifest.json`; `<owner>--<name>.part/` what is under way;
//! `<owner>--<name>.json` what was fetched last, so that another download that differs is noticed when the directory is gone;
//! `<owner>--<name>.lock` is held by the one process that fetches. Lock files stay: removing one that another
//! process is about to lock would let two in. A model that was asked for by a revision has `@<revision>` behind its name.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use minilm_convert::ModelFiles;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::Error;
use super::download::sha256_of;
use super::names::Model;
use crate::{file_lock, identity};

/// The file that holds the weights of models of the catalog, and is pinned.
pub const WEIGHTS: &str = "model.safetensors";
/// What was put into a model directory, beside its files.
pub const MANIFEST: &str = "manifest.json";

/// What was put into a model directory: enough to see cheaply that it is whole, and to see that it is what was downloaded.
#[derive(Debug, Serialize, Deserialize)]
pub struct Manifest {
    /// `owner/name` on the hub.
    pub repo: String,
    /// Where it came from.
    pub source: String,
    /// The commit that all of its files are of, where the source has such.
    pub revision: Option<String>,
    /// What it computes, where the catalog says so: `model_sha256` of its packed files.
    pub model_sha256: Option<String>,
    /// sha256 of the weights, lowercase hex: see [`one_hash`].
    pub sha256: String,
    /// The files by their path.
    pub files: BTreeMap<String, Fact>,
}

/// What is known about a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fact {
    /// Its size.
    pub bytes: u64,
    /// Its sha256, lowercase hex.
    pub sha256: String,
}

/// Where a model came from, and what it is.
#[derive(Debug)]
pub struct Origin {
    /// The source, for people.
    pub source: String,
    /// See [`Manifest::revision`].
    pub revision: Option<String>,
    /// See [`Manifest::model_sha256`].
    pub model_sha256: Option<String>,
}

/// The place of one model.
#[derive(Debug)]
pub struct Entry {
    /// The directory, once it is complete.
    pub directory: PathBuf,
    part: PathBuf,
    lock: PathBuf,
    record: PathBuf,
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
    /// The place of `model` under `root`.
    pub fn new(root: &Path, model: &Model) -> Entry {
        let revision = model.revision.as_ref().map(|revision| format!("@{revision}"));
        let name = model.repo.replace('/', "--") + &revision.unwrap_or_default();
        Entry {
            directory: root.join(&name),
            part: root.join(format!("{name}.part")),
            lock: root.join(format!("{name}.lock")),
            record: root.join(format!("{name}.json")),
            repo: model.repo.clone(),
        }
    }

    /// Whether the model is here, by sizes, and is the one that the catalog pins.
    pub fn is_complete(&self, model: &Model) -> Result<bool, Error> {
        if !self.directory.exists() {
            return Ok(false);
        }
        let Some(manifest) = self.manifest()? else {
            return self.adopt(model).map(|()| true);
        };
        let same_size = |(name, fact): (&String, &Fact)| {
            fs::metadata(self.directory.join(name)).is_ok_and(|meta| meta.len() == fact.bytes)
        };
        let right_weights = model.pins.is_empty() || model.pins.contains(&manifest.sha256.as_str());
        let right_model = model.model_sha256().is_none_or(|pinned| manifest.model_sha256 == Some(pinned));
        Ok(right_weights && right_model && manifest.files.iter().all(same_size))
    }

    /// Whether all files still have the hashes they came with: reads all of them.
    pub fn is_intact(&self) -> Result<bool, Error> {
        let Some(manifest) = self.manifest()? else { return Ok(false) };
        for (name, fact) in &manifest.files {
            if sha256_of(&self.directory.join(name))? != fact.sha256 {
                return Ok(false);
            }
        }
        Ok(true)
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

    /// Puts the staged model into its place. Says how it differs from what came before, if it does. Call with the lock held.
    pub fn publish(&self, staging: &Staging, origin: Origin) -> Result<Option<String>, Error> {
        let manifest = self.write_manifest(&staging.model, facts(&staging.model)?, origin)?;
        let changes = read_json::<Manifest>(&self.record)?.and_then(|before| changes(&before, &manifest));
        remove_dir_if_there(&self.directory)?;
        fs::rename(&staging.model, &self.directory).map_err(Error::io(&self.directory))?;
        write_json(&self.record, &manifest)?;
        remove_dir_if_there(&self.part)?;
        Ok(changes)
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

    /// Takes over a directory that the user has put here, or an older version, after one look at all that is in it.
    fn adopt(&self, model: &Model) -> Result<(), Error> {
        let files = facts(&self.directory)?;
        let paths: Vec<String> = files.keys().cloned().collect();
        if let Err(error) = ModelFiles::read_of(&paths) {
            let reason = format!("{error}; complete this directory or remove it, and it will be fetched");
            return Err(Error::invalid(self.directory.display(), reason));
        }
        let actual = sha256_of_weights(&files);
        if !model.pins.is_empty() && !model.pins.contains(&actual.as_str()) {
            let expected = model.pins.join(" or ");
            let reason = format!(
                "sha256 of the weights is {actual}, expected {expected}; remove the directory, or pass it as --model DIR if you mean it"
            );
            return Err(Error::invalid(self.directory.display(), reason));
        }
        let checked = identity::check(model, &self.directory, "this directory");
        let model_sha256 = checked.map_err(|error| {
            let reason = format!("{error}; remove the directory, or pass it as --model DIR if you mean it");
            Error::invalid(self.directory.display(), reason)
        })?;
        let origin = Origin { source: "put here by hand".to_owned(), revision: None, model_sha256 };
        match self.write_manifest(&self.directory, files, origin) {
            // A read-only cache, as in a container image, is as good; it only costs the hash again.
            Err(Error::Io { .. }) | Ok(_) => Ok(()),
            Err(error) => Err(error),
        }
    }

    fn manifest(&self) -> Result<Option<Manifest>, Error> {
        read_manifest(&self.directory)
    }

    fn write_manifest(
        &self,
        directory: &Path,
        files: BTreeMap<String, Fact>,
        origin: Origin,
    ) -> Result<Manifest, Error> {
        let Origin { source, revision, model_sha256 } = origin;
        let sha256 = sha256_of_weights(&files);
        let manifest = Manifest { repo: self.repo.clone(), source, revision, model_sha256, sha256, files };
        write_json(&directory.join(MANIFEST), &manifest)?;
        Ok(manifest)
    }
}

/// Size and hash of each file in a model directory.
fn facts(directory: &Path) -> Result<BTreeMap<String, Fact>, Error> {
    let mut files = BTreeMap::new();
    list(directory, "", &mut files)?;
    let fact = |(name, bytes): (String, u64)| {
        let sha256 = sha256_of(&directory.join(&name))?;
        Ok((name, Fact { bytes, sha256 }))
    };
    files.into_iter().map(fact).collect()
}

/// How two downloads differ, for people; `None` where they do not, or where both are known to compute the same.
fn changes(before: &Manifest, now: &Manifest) -> Option<String> {
    let names: BTreeSet<&String> = before.files.keys().chain(now.files.keys()).collect();
    let differing = names.into_iter().filter(|&name| before.files.get(name) != now.files.get(name));
    let differing: Vec<&str> = differing.map(String::as_str).collect();
    if differing.is_empty() || now.model_sha256.is_some() {
        return None;
    }
    let revision = |manifest: &Manifest| manifest.revision.clone().unwrap_or_else(|| "unknown".to_owned());
    Some(format!(
        "{} is not what was downloaded before: {} differ (revision {}, before {})",
        now.repo,
        differing.join(", "),
        revision(now),
        revision(before)
    ))
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

/// The [`one_hash`] of the weights among the files of a directory.
fn sha256_of_weights(files: &BTreeMap<String, Fact>) -> String {
    let paths: Vec<String> = files.keys().cloned().collect();
    let weights = ModelFiles::weights_of(&paths).into_iter().filter(|path| !path.ends_with(".json"));
    one_hash(&weights.filter_map(|path| Some((path.clone(), files.get(path)?.sha256.clone()))).collect())
}

/// The manifest in a model directory; `None` where there is none, or one of another version.
pub fn read_manifest(directory: &Path) -> Result<Option<Manifest>, Error> {
    read_json(&directory.join(MANIFEST))
}

/// The content of a file; `None` where it is not there or not understood.
fn read_json<T: DeserializeOwned>(path: &Path) -> Result<Option<T>, Error> {
    match fs::read(path) {
        Ok(bytes) => Ok(serde_json::from_slice(&bytes).ok()),
        // `NotADirectory`: a lock file lies beside the directories.
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => Ok(None),
        Err(error) => Err(Error::io(path)(error)),
    }
}

/// Writes a file whole.
fn write_json(path: &Path, value: &impl Serialize) -> Result<(), Error> {
    let text = serde_json::to_string_pretty(value).map_err(|error| Error::invalid(path.display(), error))?;
    let temporary = path.with_extension(format!("json.{}", std::process::id()));
    fs::write(&temporary, text).map_err(Error::io(&temporary))?;
    fs::rename(&temporary, path).map_err(Error::io(path))
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
