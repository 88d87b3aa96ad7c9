//! A file as the body of an answer.

use std::fs::File;
use std::io::{self, Read};
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};

/// Bytes that are read at once, and all that is held of a file.
const CHUNK: usize = 128 << 10;

/// A part of a file, or a short text.
#[derive(Debug)]
pub struct FileBody {
    source: Source,
    left: u64,
}

#[derive(Debug)]
enum Source {
    File(File),
    Text(&'static str),
}

impl FileBody {
    /// The next `length` bytes of `file`.
    pub(crate) fn file(file: File, length: u64) -> Self {
        Self { source: Source::File(file), left: length }
    }

    /// A text.
    pub(crate) fn text(text: &'static str) -> Self {
        Self { source: Source::Text(text), left: text.len() as u64 }
    }

    fn chunk(&mut self) -> io::Result<Bytes> {
        match &mut self.source {
            Source::Text(text) => Ok(Bytes::from_static(text.as_bytes())),
            Source::File(file) => {
                let wanted = usize::try_from(self.left).unwrap_or(usize::MAX).min(CHUNK);
                let mut chunk = vec![0; wanted];
                let read = file.read(&mut chunk)?;
                if read == 0 {
                    return Err(io::Error::new(io::ErrorKind::UnexpectedEof, "the file became shorter"));
                }
                chunk.truncate(read);
                Ok(Bytes::from(chunk))
            }
        }
    }
}

impl Body for FileBody {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        if self.left == 0 {
            return Poll::Ready(None);
        }
        let chunk = self.chunk();
        match &chunk {
            Ok(chunk) => self.left -= chunk.len() as u64,
            Err(_) => self.left = 0,
        }
        Poll::Ready(Some(chunk.map(Frame::data)))
    }

    fn is_end_stream(&self) -> bool {
        self.left == 0
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.left)
    }
}
