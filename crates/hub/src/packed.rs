//! Model directories to packed files, written once and kept until an input changes.
//!
//! The name of a kept file ends with the hash of everything that it was made from, so nothing needs to be compared with it.

use std::fs;
use std::path::{Path, PathBuf};

use minilm::{FORMAT_VERSION, Precision};
use minilm_convert::{CONVERTER_VERSION, ModelFiles, Source};
use sha2::{Digest, Sha256};

use super::hashes::Hashes;
use super::names::local_file;
use super::{Context, Error, ModelDir, Request, file_lock};

/// Digits of the hash in the name of a kept file.
const KEY_LEN: usize = 16;

/// What a page uses if nobody says otherwise: its users wait for the download.
pub const PAGE_PRECISION: Precision = Precision::Int6E4;

/// A packed model file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PackedModel {
    /// Name of the model; of a file that the user names, its name without `.minilm`.
    pub name: String,
    /// The file.
    pub path: PathBuf,
    /// What it was packed in; `None` for a file that the user names.
    pub precision: Option<Precision>,
}

impl PackedModel {
    /// Name and precision, for people.
    #[must_use]
    pub fn title(&self) -> String {
        match self.precision {
            Some(precision) => format!("{}-{precision}", self.name),
            None => self.name.clone(),
        }
    }
}

impl Context {
    /// The packed file of the requested model: fetched and packed where that was not done before. A `.minilm` file is used as it is,
    /// whatever its `precision`.
    ///
    /// # Errors
    /// Those of [`Context::resolve`] and [`Context::packed`].
    pub fn resolve_packed(&self, request: &Request, precision: Precision) -> Result<PackedModel, Error> {
        if let Request::Named(name) = request
            && let Some(file) = local_file(name)?
        {
            return Ok(file);
        }
        self.packed(&self.resolve(request)?, precision)
    }

    /// The packed file of a model directory, kept in the cache of the user.
    ///
    /// # Errors
    /// [`Error::Convert`] where the directory is no model that can be packed, and [`Error::Io`].
    pub fn packed(&self, model: &ModelDir, precision: Precision) -> Result<PackedModel, Error> {
        let packed = PackedModel {
            name: model.name.clone(),
            path: self.packed_path(model, precision)?,
            precision: Some(precision),
        };
        if packed.path.exists() {
            return Ok(packed);
        }
        let lock = packed.path.with_extension("lock");
        let _lock = file_lock::acquire(&lock, &format!("packing {}", model.name)).map_err(Error::io(&lock))?;
        if !packed.path.exists() {
            (self.notes)(&format!("packing {} ({precision})", model.name));
            write(model, precision, &packed.path)?;
        }
        Ok(packed)
    }

    /// Where the packed file of a model is kept, there or not.
    pub(crate) fn packed_path(&self, model: &ModelDir, precision: Precision) -> Result<PathBuf, Error> {
        let mut hashes = self.hashes();
        let key = key(model, precision, &mut hashes)?;
        hashes.save();
        Ok(self.packed_dir().join(format!("{}-{key}.minilm", file_stem(&model.name, precision))))
    }

    /// Packs a model into a file of the caller's choice, which appears when it is whole.
    ///
    /// # Errors
    /// As [`Context::packed`].
    pub fn pack(&self, model: &ModelDir, precision: Precision, path: &Path) -> Result<(), Error> {
        let packed = self.packed(model, precision)?.path;
        let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
        fs::create_dir_all(parent).map_err(Error::io(parent))?;
        let part = path.with_extension("part");
        fs::copy(&packed, &part).map_err(Error::io(&part))?;
        fs::rename(&part, path).map_err(Error::io(path))
    }
}

/// Name for a packed file: that of the model, with `--` for `/`, and the number format.
#[must_use]
pub fn file_name(model: &ModelDir, precision: Precision) -> String {
    format!("{}.minilm", file_stem(&model.name, precision))
}

fn file_stem(name: &str, precision: Precision) -> String {
    format!("{}-{precision}", name.replace('/', "--"))
}

/// Hash of all that decides what is in the packed file.
fn key(model: &ModelDir, precision: Precision, hashes: &mut Hashes) -> Result<String, Error> {
    let what = format!("{FORMAT_VERSION} {CONVERTER_VERSION} {precision} {}", model.name);
    Ok(hash_of_inputs(&what, &model.path, hashes)?[..KEY_LEN].to_owned())
}

/// Hash of a text and of the files of a directory that the converter reads.
pub(crate) fn hash_of_inputs(text: &str, directory: &Path, hashes: &mut Hashes) -> Result<String, Error> {
    let mut key = Sha256::new();
    key.update(format!("{text}\n"));
    for (name, path) in inputs(directory)? {
        key.update(format!("{name} {}\n", hashes.of(&path)?));
    }
    Ok(format!("{:x}", key.finalize()))
}

impl ModelDir {
    /// The bytes of the packed file. The cache is not used.
    ///
    /// # Errors
    /// As [`Context::packed`].
    pub fn pack(&self, precision: Precision) -> Result<Vec<u8>, Error> {
        let files = read_files(&self.path)?;
        let packed = Source::read(&self.name, &files).and_then(|source| source.pack(precision));
        packed.map_err(|cause| Error::Convert { path: self.path.clone(), cause })
    }
}

fn write(model: &ModelDir, precision: Precision, path: &Path) -> Result<(), Error> {
    let bytes = model.pack(precision)?;
    let part = path.with_extension("part");
    fs::write(&part, bytes).map_err(Error::io(&part))?;
    fs::rename(&part, path).map_err(Error::io(path))
}

/// The files of a directory and of the folders in it that the converter reads, by their path with `/`, sorted. Files that this project
/// itself writes beside them do not count.
pub(crate) fn inputs(directory: &Path) -> Result<Vec<(String, PathBuf)>, Error> {
    let mut paths = Vec::new();
    add_files(directory, "", &mut paths)?;
    paths.sort();
    let read = ModelFiles::read_of(&paths).map_err(|cause| Error::Convert { path: directory.to_owned(), cause })?;
    let read = read.into_iter().filter(|path| *path != super::cache::MANIFEST);
    Ok(read.map(|path| (path.clone(), directory.join(path))).collect())
}

/// The content of these files.
pub(crate) fn read_files(directory: &Path) -> Result<ModelFiles, Error> {
    let mut files = ModelFiles::default();
    for (name, file) in inputs(directory)? {
        files.insert(name, fs::read(&file).map_err(Error::io(&file))?);
    }
    Ok(files)
}

fn add_files(directory: &Path, prefix: &str, paths: &mut Vec<String>) -> Result<(), Error> {
    for entry in fs::read_dir(directory).map_err(Error::io(directory))? {
        let entry = entry.map_err(Error::io(directory))?;
        let name = format!("{prefix}{}", entry.file_name().to_string_lossy());
        let path = entry.path();
        if path.is_file() {
            paths.push(name);
        } else if path.is_dir() && prefix.is_empty() {
            add_files(&path, &format!("{name}/"), paths)?;
        }
    }
    Ok(())
}
