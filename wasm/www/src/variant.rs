//! The form in which a file goes out: as it is, or compressed before by whoever built the site.

use std::fs::{File, Metadata};
use std::io;
use std::path::Path;
use std::time::UNIX_EPOCH;

use http::HeaderMap;
use minilm_serving::negotiation::accepts_gzip;

/// A file that was opened.
#[derive(Debug)]
pub struct Variant {
    pub file: File,
    pub length: u64,
    /// Whether it is the compressed form.
    pub gzip: bool,
    /// Whether there is a compressed form: caches must know.
    pub varies: bool,
    /// An entity tag, quotes included.
    pub etag: String,
}

impl Variant {
    /// Opens `path`, or `path.gz` where that is there and the client can read it.
    ///
    /// # Errors
    /// It is not there, or no file.
    pub fn open(path: &Path, request: &HeaderMap) -> io::Result<Self> {
        let (plain, metadata) = open(path)?;
        let mut name = path.as_os_str().to_owned();
        name.push(".gz");
        let compressed = open(Path::new(&name)).ok();
        let varies = compressed.is_some();
        Ok(match compressed.filter(|_| accepts_gzip(request)) {
            Some((file, metadata)) => {
                Self { file, length: metadata.len(), gzip: true, varies, etag: tag(&metadata, "-gz") }
            }
            None => Self { file: plain, length: metadata.len(), gzip: false, varies, etag: tag(&metadata, "") },
        })
    }
}

fn open(path: &Path) -> io::Result<(File, Metadata)> {
    let file = File::open(path)?;
    let metadata = file.metadata()?;
    if metadata.is_file() { Ok((file, metadata)) } else { Err(io::ErrorKind::NotFound.into()) }
}

/// Time and length, as other servers of files do it: hashing 24 MB for every request is worth nothing.
fn tag(metadata: &Metadata, suffix: &str) -> String {
    let modified = metadata.modified().ok().and_then(|time| time.duration_since(UNIX_EPOCH).ok());
    format!("\"{:x}-{:x}{suffix}\"", modified.map_or(0, |time| time.as_nanos()), metadata.len())
}
