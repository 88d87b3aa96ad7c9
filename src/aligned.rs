//! Memory that starts on a 64-byte boundary, where the kernels are fastest: in the program's data, or from the allocator.

use std::fmt;
use std::ops::{Deref, DerefMut};

use bytemuck::{Pod, Zeroable};

use crate::Error;
use crate::format::ALIGNMENT;

/// A value that starts on a 64-byte boundary. [`include_model!`](crate::include_model) puts a file into one.
#[derive(Debug)]
#[repr(C, align(64))]
pub struct Aligned<T: ?Sized>(pub T);

/// A buffer of bytes that starts on a 64-byte boundary: the place for a packed file that is read, downloaded or decompressed
/// piece by piece. [`Embedder::from_bytes`](crate::Embedder::from_bytes) takes it without a copy.
pub struct AlignedBytes {
    blocks: Box<[Block]>,
    len: usize,
}

/// What the buffer is made of.
#[derive(Clone, Copy, Pod, Zeroable)]
#[repr(C, align(64))]
struct Block([u8; ALIGNMENT]);

impl AlignedBytes {
    /// A buffer of `len` zero bytes.
    ///
    /// ```
    /// let buffer = minilm::AlignedBytes::zeroed(1000)?;
    /// assert!(buffer.as_ptr().addr().is_multiple_of(64));
    /// # Ok::<(), minilm::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::OutOfMemory`] where the allocator has no `len` bytes.
    pub fn zeroed(len: usize) -> Result<Self, Error> {
        let blocks = bytemuck::allocation::try_zeroed_slice_box(len.div_ceil(ALIGNMENT));
        let blocks = blocks.map_err(|()| Error::OutOfMemory { bytes: len })?;
        Ok(Self { blocks, len })
    }
}

impl Deref for AlignedBytes {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &bytemuck::cast_slice(&self.blocks)[..self.len]
    }
}

impl DerefMut for AlignedBytes {
    fn deref_mut(&mut self) -> &mut [u8] {
        &mut bytemuck::cast_slice_mut(&mut self.blocks)[..self.len]
    }
}

impl AsRef<[u8]> for AlignedBytes {
    fn as_ref(&self) -> &[u8] {
        self
    }
}

impl fmt::Debug for AlignedBytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AlignedBytes").field("len", &self.len).finish_non_exhaustive()
    }
}

/// The bytes of a packed file as read-only data of the program, aligned, as a `&'static [u8]`. Nothing is loaded or copied
/// at start: a page is read when the first token touches it.
///
/// ```ignore
/// static MODEL: &[u8] = minilm::include_model!("paraphrase-MiniLM-L3-v2-int8.minilm");
/// let embedder = minilm::Embedder::from_static(MODEL)?;
/// ```
#[macro_export]
macro_rules! include_model {
    ($path:expr $(,)?) => {{
        static MODEL: &$crate::Aligned<[u8]> = &$crate::Aligned(*::core::include_bytes!($path));
        &MODEL.0
    }};
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buffers_of_every_length_are_aligned_and_writable() {
        for len in [0, 1, 63, 64, 65, 1000] {
            let mut buffer = AlignedBytes::zeroed(len).expect("there is memory");
            assert_eq!(buffer[..], vec![0; len]);
            assert!(buffer.as_ptr().addr().is_multiple_of(ALIGNMENT));
            buffer.fill(7);
            assert_eq!(buffer.as_ref(), vec![7; len]);
        }
    }

    #[test]
    fn a_buffer_that_cannot_be_is_an_error() {
        let error = AlignedBytes::zeroed(usize::MAX).expect_err("no machine has this memory");
        assert_eq!(error.kind(), crate::ErrorKind::Engine);
    }
}
