//! The outermost structure of a WebAssembly binary, which core modules and components share: a header and sections.

use std::ops::Range;

use wasmparser::{BinaryReader, Parser};

use super::BakeError;

/// Bytes of the magic and the version.
const HEADER_LEN: usize = 8;

/// What a binary is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A core module.
    Module,
    /// A component.
    Component,
}

/// What `wasm` is by its header.
pub fn kind(wasm: &[u8]) -> Option<Kind> {
    if Parser::is_core_wasm(wasm) { Some(Kind::Module) } else { Parser::is_component(wasm).then_some(Kind::Component) }
}

/// A section of a binary.
#[derive(Clone, Copy, Debug)]
pub struct Section<'a> {
    /// What is in it; modules and components count differently.
    pub id: u8,
    /// The section with its id and size.
    pub whole: &'a [u8],
    /// The section without them.
    pub body: &'a [u8],
    /// Bytes before the body in the whole file.
    pub offset: usize,
}

impl<'a> Section<'a> {
    /// The bytes of the whole file that the body is.
    pub fn range(&self) -> Range<usize> {
        self.offset..self.offset + self.body.len()
    }

    /// A reader of the body, whose errors state the offset in the whole file.
    pub fn reader(&self) -> BinaryReader<'a> {
        BinaryReader::new(self.body, self.offset)
    }
}

/// The magic and the version of a binary that has a [`kind`].
pub fn header(wasm: &[u8]) -> &[u8] {
    &wasm[..HEADER_LEN.min(wasm.len())]
}

/// The sections of `wasm`, which has a header and starts at `offset` of the whole file. Ends after an error.
pub fn sections(wasm: &[u8], offset: usize) -> impl Iterator<Item = Result<Section<'_>, BakeError>> {
    let mut rest = wasm.get(HEADER_LEN..).unwrap_or_default();
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let start = offset + wasm.len() - rest.len();
        match split(rest, start) {
            Ok(section) => {
                rest = &rest[section.whole.len()..];
                Some(Ok(section))
            }
            Err(error) => {
                rest = &[];
                Some(Err(error.into()))
            }
        }
    })
}

/// The section that `bytes` start with.
fn split(bytes: &[u8], offset: usize) -> wasmparser::Result<Section<'_>> {
    let mut reader = BinaryReader::new(bytes, offset);
    let id = reader.read_u8()?;
    let len = reader.read_var_u32()?;
    let body_offset = reader.original_position();
    let body = reader.read_bytes(len as usize)?;
    Ok(Section { id, whole: &bytes[..reader.original_position() - offset], body, offset: body_offset })
}
