//! A file on a server, of which only the parts that are read are fetched.

use std::collections::BTreeMap;
use std::io::{self, Read, Seek, SeekFrom};

use ureq::http::StatusCode;
use url::Url;

use super::http::{Client, Get, text};

/// Bytes that one request asks for.
const BLOCK: u64 = 128 * 1024;

/// A file whose server answers requests for ranges.
#[derive(Debug)]
pub struct Remote<'a> {
    client: &'a Client,
    url: &'a Url,
    len: u64,
    position: u64,
    /// What was read, by the number of the block.
    blocks: BTreeMap<u64, Vec<u8>>,
}

impl<'a> Remote<'a> {
    /// Asks for the first block; `None` where the server does not answer with it.
    pub fn open(client: &'a Client, url: &'a Url) -> Option<Self> {
        let mut remote = Self { client, url, len: BLOCK, position: 0, blocks: BTreeMap::new() };
        remote.len = remote.fetch(0).ok()?;
        Some(remote)
    }

    /// Size of the whole file in bytes.
    pub fn size(&self) -> u64 {
        self.len
    }

    /// Fetches a block and gives the size of the file.
    fn fetch(&mut self, block: u64) -> io::Result<u64> {
        let (start, end) = (block * BLOCK, ((block + 1) * BLOCK).min(self.len));
        let range = format!("bytes={start}-{}", end - 1);
        let answer = self.client.get(Get { url: self.url, token: None }, &[("range", range)]);
        let mut response = answer.map_err(io::Error::other)?.response;
        let sent = text(response.headers(), "content-range").and_then(|sent| sent.strip_prefix("bytes "));
        let (sent, len) = sent.and_then(|sent| sent.split_once('/')).unwrap_or_default();
        let (Some((first, _)), Ok(len)) = (sent.split_once('-'), len.parse()) else {
            return Err(io::Error::other("the server does not answer with a range"));
        };
        if response.status() != StatusCode::PARTIAL_CONTENT || first != start.to_string() {
            return Err(io::Error::other("the server answers with another range"));
        }
        let mut bytes = Vec::new();
        response.body_mut().as_reader().take(BLOCK).read_to_end(&mut bytes)?;
        self.blocks.insert(block, bytes);
        Ok(len)
    }
}

impl Read for Remote<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.position >= self.len {
            return Ok(0);
        }
        let block = self.position / BLOCK;
        if !self.blocks.contains_key(&block) {
            self.fetch(block)?;
        }
        let start = (self.position % BLOCK) as usize;
        let mut rest = self.blocks[&block].get(start..).unwrap_or_default();
        let read = rest.read(buffer)?;
        if read == 0 && !buffer.is_empty() {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        self.position += read as u64;
        Ok(read)
    }
}

impl Seek for Remote<'_> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let target = match to {
            SeekFrom::Start(position) => Some(position),
            SeekFrom::Current(offset) => self.position.checked_add_signed(offset),
            SeekFrom::End(offset) => self.len.checked_add_signed(offset),
        };
        self.position = target.ok_or(io::ErrorKind::InvalidInput)?;
        Ok(self.position)
    }
}
