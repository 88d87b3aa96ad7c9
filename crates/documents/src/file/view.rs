//! An index file, read in place: nothing but the header is read until something is asked.

use std::ops::Range;

use xxhash_rust::xxh3::Xxh3;

use super::layout::{CHECKSUM_LEN, Layout, PREFIX_LEN, Section};
use super::write::hash;
use super::{FileError, IndexInfo, ModelIdentity, ReadAt};
use crate::{Document, MAX_DOCUMENT_LEN};

/// Bytes that are read at a time.
pub(super) const PIECE: usize = 1 << 20;

/// An index file.
#[derive(Debug)]
pub struct IndexFile<R> {
    pub(super) input: R,
    pub(super) info: IndexInfo,
    pub(super) layout: Layout,
}

impl<R: ReadAt> IndexFile<R> {
    /// Opens a file, of which the header is read and checked. Whatever the rest is, it gives values or errors;
    /// [`IndexFile::verify`] finds out whether it is what was written.
    ///
    /// # Errors
    /// [`FileError`].
    pub fn open(input: R) -> Result<Self, FileError> {
        let found = input.len()?;
        let mut prefix = [0; PREFIX_LEN];
        if found < PREFIX_LEN as u64 {
            return Err(FileError::NotAnIndex(format!("it has {found} bytes")));
        }
        input.read_exact_at(&mut prefix, 0)?;
        let header_len = Layout::header_len(prefix)?;
        let expected = (PREFIX_LEN + header_len) as u64;
        if found < expected {
            return Err(FileError::Length { found, expected });
        }
        let mut header = vec![0; header_len];
        input.read_exact_at(&mut header, PREFIX_LEN as u64)?;
        let (info, json_len) = Layout::read(&header)?;
        let layout = Layout::new(&info, json_len)?;
        if layout.head[PREFIX_LEN..] != header {
            return Err(FileError::Damaged("its header contradicts itself".to_owned()));
        }
        if info.model.dim == 0 {
            return Err(FileError::Damaged("its vectors have no dimensions".to_owned()));
        }
        if layout.file_len != found {
            return Err(FileError::Length { found, expected: layout.file_len });
        }
        Ok(Self { input, info, layout })
    }

    /// What the file says about itself.
    #[must_use]
    pub fn info(&self) -> &IndexInfo {
        &self.info
    }

    /// Number of documents.
    #[must_use]
    pub fn len(&self) -> usize {
        self.info.documents
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Bytes of the file.
    #[must_use]
    pub fn file_len(&self) -> u64 {
        self.layout.file_len
    }

    /// Checks that the file belongs to `model`.
    ///
    /// # Errors
    /// [`FileError::OtherModel`].
    pub fn check_model(&self, model: &ModelIdentity) -> Result<(), FileError> {
        if self.info.model.is_comparable(model) {
            return Ok(());
        }
        let (file, given) = (Box::new(self.info.model.clone()), Box::new(model.clone()));
        Err(FileError::OtherModel { file, given })
    }

    /// Reads all of the file, and checks that it is what was written.
    ///
    /// # Errors
    /// [`FileError::Checksum`], or [`FileError::Io`].
    pub fn verify(&self) -> Result<(), FileError> {
        let (mut hash, mut piece) = (Xxh3::new(), vec![0; PIECE]);
        let end = self.layout.file_len - CHECKSUM_LEN;
        let mut at = 0;
        while at < end {
            let len = (end - at).min(PIECE as u64) as usize;
            self.input.read_exact_at(&mut piece[..len], at)?;
            hash.update(&piece[..len]);
            at += len as u64;
        }
        let mut stored = [0; CHECKSUM_LEN as usize];
        self.input.read_exact_at(&mut stored, end)?;
        let (expected, found) = (u64::from_le_bytes(stored), hash.digest());
        if expected == found { Ok(()) } else { Err(FileError::Checksum { expected, found }) }
    }

    /// Document `index`, counted from 0 in the order in which they were given.
    ///
    /// # Errors
    /// [`FileError::Damaged`] for an index that is none, too; and [`FileError`] for what is there.
    pub fn document(&self, index: usize) -> Result<Document, FileError> {
        Document::from_json(&self.text(index)?).map_err(|fault| FileError::Document { index, fault })
    }

    /// The id and the JSON text of document `index`. Nothing but the id is parsed.
    ///
    /// # Errors
    /// As for [`IndexFile::document`]; what is wrong beside the id may go unnoticed.
    pub fn document_json(&self, index: usize) -> Result<(String, String), FileError> {
        let text = self.text(index)?;
        let id = Document::id_in(&text).map_err(|fault| FileError::Document { index, fault })?;
        Ok((id, text))
    }

    fn text(&self, index: usize) -> Result<String, FileError> {
        self.check_index(index)?;
        let [start, end] = self.read_values::<u64, 2>(self.layout.offsets, index)?;
        let len = end.checked_sub(start).filter(|_| end <= self.layout.json.len);
        let len = len.filter(|&len| len <= (MAX_DOCUMENT_LEN + PIECE) as u64);
        let len = len.ok_or_else(|| FileError::Damaged(format!("document {index} has no valid place")))?;
        let mut text = vec![0; len as usize];
        self.input.read_exact_at(&mut text, self.layout.json.start + start)?;
        String::from_utf8(text).map_err(|_| FileError::Damaged(format!("document {index} is not UTF-8")))
    }

    /// Documents `range`, as far as there are any.
    ///
    /// # Errors
    /// As for [`IndexFile::document`].
    pub fn documents(&self, range: Range<usize>) -> Result<Vec<Document>, FileError> {
        (range.start..range.end.min(self.len())).map(|index| self.document(index)).collect()
    }

    /// Index of the document with this id.
    ///
    /// # Errors
    /// [`FileError`].
    pub fn position(&self, id: &str) -> Result<Option<usize>, FileError> {
        let wanted = hash(id);
        let (mut low, mut high) = (0, self.len());
        while low < high {
            let middle = low + (high - low) / 2;
            let [found] = self.read_values::<u64, 1>(self.layout.id_hashes, middle)?;
            if found < wanted { low = middle + 1 } else { high = middle }
        }
        for entry in low..self.len() {
            if self.read_values::<u64, 1>(self.layout.id_hashes, entry)? != [wanted] {
                break;
            }
            let [index] = self.read_values::<u32, 1>(self.layout.id_documents, entry)?;
            if self.document_json(index as usize)?.0 == id {
                return Ok(Some(index as usize));
            }
        }
        Ok(None)
    }

    pub(super) fn check_index(&self, index: usize) -> Result<(), FileError> {
        let there = self.len();
        if index < there { Ok(()) } else { Err(FileError::Damaged(format!("there is no document {index} of {there}"))) }
    }

    /// `N` numbers from number `index` of a section on.
    pub(super) fn read_values<T: bytemuck::Pod, const N: usize>(
        &self,
        section: Section,
        index: usize,
    ) -> Result<[T; N], FileError> {
        let mut values = [T::zeroed(); N];
        let at = section.start + index as u64 * size_of::<T>() as u64;
        self.input.read_exact_at(bytemuck::cast_slice_mut(&mut values), at)?;
        Ok(values)
    }

    /// `len` numbers from number `first` of a section on, into `out`.
    pub(super) fn read_into<T: bytemuck::Pod>(
        &self,
        section: Section,
        first: u64,
        len: usize,
        out: &mut Vec<T>,
    ) -> Result<(), FileError> {
        out.resize(len, T::zeroed());
        let at = section.start + first * size_of::<T>() as u64;
        self.input.read_exact_at(bytemuck::cast_slice_mut(out), at)?;
        Ok(())
    }
}
