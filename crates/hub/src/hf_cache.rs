//! The cache that Hugging Face's own programs keep: what is in there need not be downloaded.
//!
//! `models--<owner>--<name>/refs/main` holds a revision, `snapshots/<revision>/` its files, most of them links into `blobs/`, and
//! `.no_exist/<revision>/` an empty file for each file that the repository is known not to have.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use minilm_convert::ModelFiles;
use serde::Deserialize;

use super::Error;
use super::cache::{WEIGHTS, list};
use super::hashes::Hashes;
use super::hub::WITH_WEIGHTS;
use super::names::{Model, is_safe_relative, is_sha256};

/// Files that decide how a model is used: a snapshot without them counts only if the repository has none.
const DECIDING: [&str; 3] = ["modules.json", "sentence_bert_config.json", "tokenizer_config.json"];

/// A module without settings, and so without a file.
const WITHOUT_FILES: &str = "Normalize";
/// The module that has weights and a tokenizer only.
const WITHOUT_SETTINGS: &str = ".StaticEmbedding";

#[derive(Deserialize)]
struct Module {
    path: String,
    #[serde(rename = "type")]
    class: String,
}

/// A complete snapshot.
#[derive(Debug)]
pub struct Snapshot {
    /// Its folder.
    pub folder: PathBuf,
    /// sha256 that files of weights have to have, by their paths: the pinned one, else the one that their blob is named by.
    pub sha256: BTreeMap<String, String>,
}

/// Where the cache of this user is: `HF_HUB_CACHE`, else `HF_HOME/hub`, else `~/.cache/huggingface/hub`. `variable` reads the
/// environment.
pub fn location(variable: impl Fn(&str) -> Option<String>, home: Option<PathBuf>) -> Option<PathBuf> {
    let named = |name: &str| variable(name).filter(|value| !value.trim().is_empty()).map(PathBuf::from);
    named("HF_HUB_CACHE")
        .or_else(|| named("HF_HOME").map(|folder| folder.join("hub")))
        .or_else(|| named("XDG_CACHE_HOME").map(|folder| folder.join("huggingface").join("hub")))
        .or_else(|| home.map(|home| home.join(".cache").join("huggingface").join("hub")))
}

/// The repository, `owner/name`, that a folder of the cache belongs to.
pub fn repo(folder: &str) -> Option<String> {
    let (owner, name) = folder.strip_prefix("models--")?.split_once("--")?;
    Some(format!("{owner}/{name}"))
}

/// The snapshot of `wanted` in the cache `root`, if all files that count are there.
pub fn find(root: &Path, wanted: &Model) -> Option<Snapshot> {
    let pin = wanted.sha256;
    let model = root.join(format!("models--{}", wanted.repo.replace('/', "--")));
    let revision = wanted.revision.as_deref().unwrap_or("main");
    // A branch or a tag, else a commit.
    let commit = match fs::read_to_string(model.join("refs").join(revision)) {
        Ok(commit) => commit.trim().to_owned(),
        Err(_) => revision.to_owned(),
    };
    if !is_safe_relative(&commit) {
        return None;
    }
    let folder = model.join("snapshots").join(&commit);
    let absent = model.join(".no_exist").join(&commit);
    let has = |file: &str| folder.join(file).is_file();
    let mut files = BTreeMap::new();
    list(&folder, "", &mut files).ok()?;
    let paths: Vec<String> = files.into_keys().collect();
    let complete = ModelFiles::read_of(&paths).is_ok()
        && DECIDING.iter().all(|file| has(file) || absent.join(file).exists())
        && modules_are_complete(&folder);
    if !complete || (pin.is_some() && !has(WEIGHTS)) {
        return None;
    }
    let mut sha256 = BTreeMap::new();
    for path in ModelFiles::weights_of(&paths) {
        if path.ends_with(".json") {
            let shards = ModelFiles::shards(path, &fs::read(folder.join(path)).ok()?).ok()?;
            let beside = Path::new(path).with_file_name("");
            if !shards.iter().all(|shard| is_safe_relative(shard) && folder.join(&beside).join(shard).is_file()) {
                return None;
            }
            continue;
        }
        let expected = pin.filter(|_| path == WEIGHTS).map(str::to_owned);
        sha256.extend(expected.or_else(|| name_of_blob(&folder.join(path))).map(|hash| (path.clone(), hash)));
    }
    Some(Snapshot { folder, sha256 })
}

/// The hash that a linked file is named by.
fn name_of_blob(file: &Path) -> Option<String> {
    let blob = file.canonicalize().ok()?;
    blob.file_name()?.to_str().filter(|name| is_sha256(name)).map(str::to_owned)
}

/// Whether the settings of every module are there, and the weights of those that have some.
fn modules_are_complete(folder: &Path) -> bool {
    let Ok(bytes) = fs::read(folder.join("modules.json")) else { return true };
    let Ok(modules) = serde_json::from_slice::<Vec<Module>>(&bytes) else { return false };
    modules.iter().all(|Module { path, class }| {
        class.ends_with(WITHOUT_FILES)
            || ((path.is_empty() || is_safe_relative(path))
                && (class.ends_with(WITHOUT_SETTINGS) || folder.join(path).join("config.json").is_file())
                && (!WITH_WEIGHTS.iter().any(|with| class.ends_with(with))
                    || ModelFiles::MODULE_WEIGHTS.iter().any(|file| folder.join(path).join(file).is_file())))
    })
}

impl Snapshot {
    /// Checks the weights against the hash that they have to have.
    pub fn verify(&self, hashes: &mut Hashes) -> Result<(), Error> {
        for (path, expected) in &self.sha256 {
            let weights = self.folder.join(path);
            let actual = hashes.of(&weights)?;
            if *expected != actual {
                let reason = format!("sha256 is {actual}, expected {expected}");
                return Err(Error::invalid(weights.display(), reason));
            }
        }
        Ok(())
    }
}
