//! What is in the cache.

use std::fs;
use std::path::PathBuf;

use super::cache::{Manifest, read_manifest};
use super::names::Model;
use super::{Context, Error, hf_cache};

/// A model directory in the cache.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CachedModel {
    /// `owner/name` on the hub.
    pub repo: String,
    /// Where it came from.
    pub source: String,
    /// The commit that it is of, where the source has such.
    pub revision: Option<String>,
    /// What it computes, `model_sha256` of its packed files, where the catalog says so.
    pub model_sha256: Option<String>,
    /// Size of all its files in bytes.
    pub bytes: u64,
    /// The directory.
    pub path: PathBuf,
}

/// A packed file in the cache.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PackedFile {
    /// Its size in bytes.
    pub bytes: u64,
    /// The file.
    pub path: PathBuf,
}

impl Context {
    /// The model directories in the cache, by name.
    ///
    /// # Errors
    /// [`Error::Io`] and [`Error::Invalid`] where the cache cannot be read.
    pub fn cached_models(&self) -> Result<Vec<CachedModel>, Error> {
        let mut models = Vec::new();
        for path in entries(&self.cache_dir)? {
            if let Some(Manifest { repo, source, revision, model_sha256, files, .. }) = read_manifest(&path)? {
                let bytes = files.values().map(|fact| fact.bytes).sum();
                models.push(CachedModel { repo, source, revision, model_sha256, bytes, path });
            }
        }
        Ok(models)
    }

    /// The models of sentence-transformers in the cache of Hugging Face's programs, `owner/name` and folder, by name: those that
    /// would be used from there.
    ///
    /// # Errors
    /// [`Error::Io`] where that cache cannot be read.
    pub fn hf_models(&self) -> Result<Vec<(String, PathBuf)>, Error> {
        let Some(root) = &self.hf_cache else { return Ok(Vec::new()) };
        let repos = entries(root)?.into_iter().filter_map(|path| hf_cache::repo(path.file_name()?.to_str()?));
        let found = repos.filter_map(|repo| {
            let model = Model::parse(&repo, &[]).ok()?;
            Some((repo, hf_cache::find(root, &model)?.folder))
        });
        Ok(found.collect())
    }

    /// The packed files in the cache, by name.
    ///
    /// # Errors
    /// [`Error::Io`] where the cache cannot be read.
    pub fn packed_files(&self) -> Result<Vec<PackedFile>, Error> {
        let mut files = entries(&self.packed_dir())?;
        files.retain(|path| path.extension().is_some_and(|extension| extension == "minilm"));
        files
            .into_iter()
            .map(|path| Ok(PackedFile { bytes: fs::metadata(&path).map_err(Error::io(&path))?.len(), path }))
            .collect()
    }
}

/// All that is in a folder, sorted; nothing where there is no such folder.
fn entries(folder: &std::path::Path) -> Result<Vec<PathBuf>, Error> {
    let read = match fs::read_dir(folder) {
        Ok(read) => read,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(Error::io(folder)(error)),
    };
    let mut found = read.map(|entry| Ok(entry?.path())).collect::<Result<Vec<_>, _>>().map_err(Error::io(folder))?;
    found.sort();
    Ok(found)
}
