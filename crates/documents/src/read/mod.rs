//! JSON objects, and documents, from a file or a body, one at a time.

mod source;

use std::fmt;
use std::io::{self, BufRead};

use crate::{Document, DocumentError};
use source::{Source, Taken};

/// Longest document that is read, in bytes of its JSON: MongoDB has no longer ones.
pub const MAX_DOCUMENT_LEN: usize = 16 << 20;

/// Reads the texts of JSON objects: a JSON array of objects, JSON lines, or objects that are spread over lines, as `mongoexport`
/// writes them with `--jsonArray`, without, and with `--pretty`. Empty lines, a byte order mark and `\r\n` are no fault. Whether the
/// text of a line is an object is not looked at. Ends after the first error.
#[derive(Debug)]
pub struct Objects<R> {
    source: Source<R>,
    buffer: Vec<u8>,
    form: Form,
    /// Texts so far.
    read: usize,
}

/// Reads documents, laid out as [`Objects`] are. Ends after the first error.
#[derive(Debug)]
pub struct Documents<R>(Objects<R>);

/// How objects lie in the input.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Form {
    /// Nothing is read yet.
    Unknown,
    /// One a line.
    Lines,
    /// Objects that end where their brace does.
    Spread,
    Array,
    /// There is nothing more to read.
    Ended,
}

/// An object, or a document, that cannot be read.
#[derive(Debug, thiserror::Error)]
pub struct ReadError {
    /// Position of the object in the input, from 0.
    pub index: usize,
    /// Line of the fault, from 1.
    pub line: usize,
    /// Column of the fault, where it is known, from 1.
    pub column: Option<usize>,
    /// Whether the input is a JSON array.
    pub in_array: bool,
    /// What is wrong. Part of the message, and so no source.
    pub fault: ReadFault,
}

/// What is wrong with the input.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReadFault {
    /// The input itself cannot be read.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// Not UTF-8.
    #[error("{0:#04x} is not valid UTF-8")]
    Utf8(u8),
    /// The text of a document is none.
    #[error(transparent)]
    Document(#[from] DocumentError),
    /// A document over the limit.
    #[error("the document is longer than the limit of {} MiB", MAX_DOCUMENT_LEN >> 20)]
    TooLong,
    /// Something else is needed here.
    #[error("{expected} is needed, there is {}", Found(*found))]
    Unexpected {
        /// What is needed.
        expected: &'static str,
        /// The byte that is there; nothing at the end of the input.
        found: Option<u8>,
    },
}

impl<R: BufRead> Objects<R> {
    /// Reads from `input`.
    pub fn new(input: R) -> Self {
        Self { source: Source::new(input), buffer: Vec::new(), form: Form::Unknown, read: 0 }
    }

    /// The next text, and the line on which it starts, from 1. Nothing at the end, and after an error.
    ///
    /// # Errors
    /// The input cannot be read, is not UTF-8, or is not laid out as objects are.
    pub fn next_text(&mut self) -> Result<Option<(&str, usize)>, ReadError> {
        let start = match self.take() {
            Ok(Some(start)) => start,
            Ok(None) => {
                self.end();
                return Ok(None);
            }
            Err(fault) => return Err(self.fail(self.source.line(), None, fault)),
        };
        if let Err(error) = std::str::from_utf8(&self.buffer) {
            let (before, rest) = self.buffer.split_at(error.valid_up_to());
            let line = start + before.iter().filter(|&&byte| byte == b'\n').count();
            let column = before.iter().rev().take_while(|&&byte| byte != b'\n').count() + 1;
            let fault = ReadFault::Utf8(rest.first().copied().unwrap_or_default());
            return Err(self.fail(line, Some(column), fault));
        }
        self.read += 1;
        Ok(Some((std::str::from_utf8(&self.buffer).unwrap_or_default(), start)))
    }

    /// The error for the text that came last and starts on the line `start`; nothing is read after it.
    pub fn reject(&mut self, start: usize, error: DocumentError) -> ReadError {
        self.read = self.read.saturating_sub(1);
        match error {
            DocumentError::Json { line, column, .. } => {
                self.fail((start + line).saturating_sub(1), Some(column), error.into())
            }
            error => self.fail(start, None, error.into()),
        }
    }

    fn fail(&mut self, line: usize, column: Option<usize>, fault: ReadFault) -> ReadError {
        let error = ReadError { index: self.read, line, column, in_array: self.form == Form::Array, fault };
        self.end();
        error
    }

    fn end(&mut self) {
        self.form = Form::Ended;
    }

    /// The text of the next object in the buffer, and the line on which it starts.
    fn take(&mut self) -> Result<Option<usize>, ReadFault> {
        self.buffer.clear();
        let next = match (self.form, self.source.peek()?) {
            (Form::Ended, _) => return Ok(None),
            (Form::Unknown, Some(b'[')) => {
                self.form = Form::Array;
                self.source.skip();
                self.source.peek()?
            }
            (Form::Array, Some(b',')) if self.read > 0 => {
                self.source.skip();
                match self.source.peek()? {
                    Some(b']') => return Err(ReadFault::Unexpected { expected: "an object", found: Some(b']') }),
                    next => next,
                }
            }
            (Form::Array, next @ (Some(b']') | None)) => next,
            (Form::Array, found) if self.read > 0 => {
                return Err(ReadFault::Unexpected { expected: "`,` or `]`", found });
            }
            (_, next) => next,
        };
        let start = self.source.line();
        match (self.form, next) {
            (Form::Array, Some(b']')) => {
                self.source.skip();
                match self.source.peek()? {
                    None => return Ok(None),
                    found => return Err(ReadFault::Unexpected { expected: "the end of the input", found }),
                }
            }
            (Form::Array, None) => return Err(ReadFault::Unexpected { expected: "`]`", found: None }),
            (_, None) => return Ok(None),
            (Form::Array | Form::Spread, Some(b'{')) => self.object()?,
            (Form::Array | Form::Spread, found) => {
                return Err(ReadFault::Unexpected { expected: "an object", found });
            }
            _ => self.line()?,
        }
        Ok(Some(start))
    }

    fn line(&mut self) -> Result<(), ReadFault> {
        let mut braces = self.source.take_line(&mut self.buffer)?;
        if self.form == Form::Unknown && braces.is_open() {
            self.form = Form::Spread;
            if self.source.take_object(&mut braces, &mut self.buffer)? == Taken::Part {
                return Err(ReadFault::Unexpected { expected: "`}`", found: None });
            }
        } else {
            self.form = Form::Lines;
        }
        Ok(())
    }

    fn object(&mut self) -> Result<(), ReadFault> {
        match self.source.take_object(&mut Default::default(), &mut self.buffer)? {
            Taken::Whole => Ok(()),
            Taken::Part => Err(ReadFault::Unexpected { expected: "`}`", found: None }),
        }
    }
}

impl<R: BufRead> Documents<R> {
    /// Reads from `input`.
    pub fn new(input: R) -> Self {
        Self(Objects::new(input))
    }
}

impl<R: BufRead> Iterator for Documents<R> {
    type Item = Result<Document, ReadError>;

    fn next(&mut self) -> Option<Self::Item> {
        let (document, start) = match self.0.next_text() {
            Ok(Some((text, start))) => (Document::from_json(text), start),
            Ok(None) => return None,
            Err(error) => return Some(Err(error)),
        };
        Some(document.map_err(|error| self.0.reject(start, error)))
    }
}

impl fmt::Display for ReadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.in_array {
            write!(f, "document {} of the array, ", self.index)?;
        }
        write!(f, "line {}", self.line)?;
        if let Some(column) = self.column {
            write!(f, ", column {column}")?;
        }
        write!(f, ": {}", self.fault)
    }
}

/// A byte of the input, for people.
struct Found(Option<u8>);

impl fmt::Display for Found {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            None => f.write_str("nothing more"),
            Some(byte) if byte.is_ascii_graphic() => write!(f, "`{}`", char::from(byte)),
            Some(byte) => write!(f, "byte {byte:#04x}"),
        }
    }
}

#[cfg(test)]
mod tests;
