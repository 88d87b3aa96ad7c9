//! One file from a URL to disk: resumed where an earlier attempt ended, hashed on the way, put into place whole.

use std::fs::{self, File, OpenOptions};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::thread::sleep;

use sha2::{Digest, Sha256};
use ureq::http::{HeaderMap, StatusCode};

use super::Error;
use super::http::{Answer, Client, Get, shown, text, unreachable};
use super::progress::Progress;
use super::sizes;

/// How often a broken connection is taken up again before giving up. What has come is kept in any case.
const RESUMES: u32 = 4;
const CHUNK: usize = 64 * 1024;

/// A file to fetch.
#[derive(Debug, Clone, Copy)]
pub struct Download<'a> {
    /// From where.
    pub get: Get<'a>,
    /// To where. `<dest>.part` and `<dest>.etag` stand beside it meanwhile.
    pub dest: &'a Path,
    /// The expected hash, if it is known beforehand; else the one the server announces counts.
    pub sha256: Option<&'a str>,
    /// The most bytes that the file may have.
    pub max_bytes: u64,
    /// What the user sees.
    pub label: &'a str,
}

/// What a download has brought.
#[derive(Debug, PartialEq, Eq)]
pub struct Downloaded {
    /// The sha256 of the file, lowercase hex.
    pub sha256: String,
    /// The commit that it is of, if the server said so.
    pub commit: Option<String>,
}

/// How one connection ended.
enum End {
    /// All is here; with the sha256 that it has to have, and the commit that it is of.
    Complete { expected: Option<String>, commit: Option<String> },
    /// The part file was of no use and is gone.
    Restart,
    /// The connection broke, for this reason; the part file has grown or not.
    Broken(Error),
}

impl Client {
    /// Fetches a file, unless it is there with the hash that is expected.
    pub fn download(&self, download: &Download<'_>) -> Result<Downloaded, Error> {
        if let Some(expected) = download.sha256
            && download.dest.exists()
            && sha256_of(download.dest)? == expected
        {
            return Ok(Downloaded { sha256: expected.to_owned(), commit: None });
        }
        let mut part = Part::open(download.dest, download.sha256.is_some())?;
        if part.len > download.max_bytes {
            part.clear()?;
        }
        match self.attempts(download, &mut part) {
            Ok((expected, commit)) => Ok(Downloaded { sha256: part.finish(download, expected)?, commit }),
            Err(error) => {
                part.leave()?;
                Err(error)
            }
        }
    }

    /// Until all is here; gives the expected hash and the commit.
    fn attempts(&self, download: &Download<'_>, part: &mut Part) -> Result<(Option<String>, Option<String>), Error> {
        let mut resumes = 0;
        loop {
            match self.attempt(download, part) {
                Ok(End::Complete { expected, commit }) => return Ok((expected, commit)),
                Ok(End::Restart) if resumes < RESUMES => resumes += 1,
                Ok(End::Restart) => {
                    return Err(Error::invalid(shown(download.get.url), "the server keeps refusing to send the file"));
                }
                // A connection that never came about is not tried again the first time: see Patience.
                Ok(End::Broken(_)) if resumes < RESUMES => {
                    sleep(self.pause * 2u32.pow(resumes));
                    resumes += 1;
                }
                Err(Error::Unreachable { .. }) if 0 < resumes && resumes < RESUMES => {
                    sleep(self.pause * 2u32.pow(resumes));
                    resumes += 1;
                }
                Ok(End::Broken(error)) | Err(error) => return Err(error),
            }
        }
    }

    fn attempt(&self, download: &Download<'_>, part: &mut Part) -> Result<End, Error> {
        let mut headers = Vec::new();
        if part.len > 0 {
            headers.push(("range", format!("bytes={}-", part.len)));
            // Without If-Range a file that has changed meanwhile would be glued together from two.
            headers.extend(part.etag.clone().map(|etag| ("if-range", etag)));
        }
        let Answer { response, announced_sha256, commit } = self.get(download.get, &headers)?;
        let expected = download.sha256.map(str::to_owned).or(announced_sha256);

        let (head, body) = response.into_parts();
        let range = text(&head.headers, "content-range").unwrap_or_default();
        match head.status {
            StatusCode::RANGE_NOT_SATISFIABLE => {
                // Asked for the bytes after the last: killed between the last byte and the rename.
                if part.len > 0 && range == format!("bytes */{}", part.len) {
                    return Ok(End::Complete { expected, commit });
                }
                part.clear()?;
                return Ok(End::Restart);
            }
            StatusCode::PARTIAL_CONTENT if !range.starts_with(&format!("bytes {}-", part.len)) => {
                part.clear()?;
                return Ok(End::Restart);
            }
            StatusCode::PARTIAL_CONTENT => {}
            _ => part.clear()?,
        }
        part.remember_etag(&head.headers)?;

        let total = body.content_length().map(|rest| part.len + rest);
        let fits = |bytes| sizes::check(shown(download.get.url), bytes, download.max_bytes);
        fits(total.unwrap_or(0))?;
        let progress = Progress::start(download.label, part.len, total);
        let mut reader = body.into_reader();
        let mut chunk = vec![0; CHUNK];
        loop {
            match reader.read(&mut chunk) {
                Ok(0) => break,
                Ok(n) => {
                    // What is announced need not be what comes, and nothing may be announced.
                    if let Err(error) = fits(part.len + n as u64) {
                        part.clear()?;
                        return Err(error);
                    }
                    part.append(&chunk[..n])?;
                    progress.add(n as u64);
                }
                Err(error) => {
                    let reason = format!("the connection broke after {} bytes: {error}", part.len);
                    return Ok(End::Broken(unreachable(download.get.url, reason)));
                }
            }
        }
        match total {
            Some(total) if total != part.len => {
                let reason = format!("the connection ended at {} of {total} bytes", part.len);
                Ok(End::Broken(unreachable(download.get.url, reason)))
            }
            _ => Ok(End::Complete { expected, commit }),
        }
    }
}

/// The bytes that are here, their hash so far, and the validator that belongs to them.
struct Part {
    path: PathBuf,
    etag_path: PathBuf,
    file: File,
    len: u64,
    hash: Sha256,
    etag: Option<String>,
}

impl Part {
    /// `checked`: a hash will tell in the end whether the pieces belong together, so a missing ETag is no obstacle.
    fn open(dest: &Path, checked: bool) -> Result<Part, Error> {
        let path = with_suffix(dest, ".part");
        let etag_path = with_suffix(dest, ".etag");
        let etag = fs::read_to_string(&etag_path).ok();
        let mut file = OpenOptions::new().read(true).append(true).create(true).open(&path).map_err(Error::io(&path))?;
        let mut hash = Sha256::new();
        let len = std::io::copy(&mut file, &mut hash).map_err(Error::io(&path))?;
        let mut part = Part { path, etag_path, file, len, hash, etag };
        if part.etag.is_none() && !checked {
            part.clear()?;
        }
        Ok(part)
    }

    fn clear(&mut self) -> Result<(), Error> {
        self.file.set_len(0).map_err(Error::io(&self.path))?;
        self.len = 0;
        self.hash = Sha256::new();
        self.etag = None;
        Ok(())
    }

    fn append(&mut self, bytes: &[u8]) -> Result<(), Error> {
        self.file.write_all(bytes).map_err(Error::io(&self.path))?;
        self.hash.update(bytes);
        self.len += bytes.len() as u64;
        Ok(())
    }

    /// If-Range takes strong validators only.
    fn remember_etag(&mut self, headers: &HeaderMap) -> Result<(), Error> {
        let etag = text(headers, "etag").filter(|etag| etag.starts_with('"'));
        match etag {
            Some(etag) => fs::write(&self.etag_path, etag).map_err(Error::io(&self.etag_path))?,
            None => remove_if_there(&self.etag_path)?,
        }
        self.etag = etag.map(str::to_owned);
        Ok(())
    }

    /// After a failure. An empty file would be of no use to the next run.
    fn leave(self) -> Result<(), Error> {
        let path = (self.len == 0).then_some(self.path);
        drop(self.file);
        path.map_or(Ok(()), |path| remove_if_there(&path))
    }

    fn finish(self, download: &Download<'_>, expected: Option<String>) -> Result<String, Error> {
        let actual = format!("{:x}", self.hash.finalize());
        remove_if_there(&self.etag_path)?;
        if let Some(expected) = expected
            && expected != actual
        {
            remove_if_there(&self.path)?;
            return Err(Error::Sha256 { what: shown(download.get.url), expected, actual });
        }
        self.file.sync_all().map_err(Error::io(&self.path))?;
        fs::rename(&self.path, download.dest).map_err(Error::io(download.dest))?;
        Ok(actual)
    }
}

/// sha256 of a file, lowercase hex.
pub fn sha256_of(path: &Path) -> Result<String, Error> {
    let mut hash = Sha256::new();
    let mut file = File::open(path).map_err(Error::io(path))?;
    std::io::copy(&mut file, &mut hash).map_err(Error::io(path))?;
    Ok(format!("{:x}", hash.finalize()))
}

/// Removes a file that may not exist.
pub fn remove_if_there(path: &Path) -> Result<(), Error> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(Error::io(path)(error)),
        _ => Ok(()),
    }
}

fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}
