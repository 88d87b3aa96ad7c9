//! What is written, as pieces of what was read: a size stands before each section, and so the pieces are known before any of
//! the megabytes is copied.

use std::borrow::Cow;

use wasm_encoder::Encode;

use super::BakeError;

/// Bytes to be written.
#[derive(Debug, Default)]
pub struct Output<'a> {
    pieces: Vec<Cow<'a, [u8]>>,
    len: usize,
}

impl<'a> Output<'a> {
    /// Appends bytes.
    pub fn push(&mut self, piece: impl Into<Cow<'a, [u8]>>) {
        let piece = piece.into();
        self.len += piece.len();
        self.pieces.push(piece);
    }

    /// Appends a section.
    ///
    /// # Errors
    /// [`BakeError::TooLarge`] where its size does not fit into 32 bits.
    pub fn push_section(&mut self, id: u8, body: Self) -> Result<(), BakeError> {
        let len = u32::try_from(body.len).map_err(|_| BakeError::TooLarge { needed: body.len as u64 })?;
        let mut head = vec![id];
        len.encode(&mut head);
        self.push(head);
        self.len += body.len;
        self.pieces.extend(body.pieces);
        Ok(())
    }

    /// The bytes in one piece.
    pub fn into_bytes(self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(self.len);
        self.pieces.iter().for_each(|piece| bytes.extend_from_slice(piece));
        bytes
    }
}

impl<'a, P: Into<Cow<'a, [u8]>>> From<P> for Output<'a> {
    fn from(piece: P) -> Self {
        let mut output = Self::default();
        output.push(piece);
        output
    }
}
