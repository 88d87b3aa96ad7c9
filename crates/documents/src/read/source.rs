//! Bytes cut where objects end, without understanding them.

use std::io::BufRead;

use super::{MAX_DOCUMENT_LEN, ReadFault};
use crate::json::Strings;

const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// The input, and the line that is read.
#[derive(Debug)]
pub(super) struct Source<R> {
    input: R,
    line: usize,
    started: bool,
}

/// How much of an object there was.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Taken {
    Whole,
    /// The input ends before the object does.
    Part,
}

/// Braces and brackets that are open.
#[derive(Debug, Default)]
pub(super) struct Braces {
    open: usize,
    strings: Strings,
}

impl Braces {
    pub(super) fn is_open(&self) -> bool {
        self.open > 0
    }

    /// Reads on. Bytes up to the one that closes the last brace, where there is one.
    fn read(&mut self, bytes: &[u8]) -> Option<usize> {
        for (at, &byte) in bytes.iter().enumerate() {
            if self.strings.has(byte) {
                continue;
            }
            match byte {
                b'{' | b'[' => self.open += 1,
                b'}' | b']' => {
                    self.open = self.open.saturating_sub(1);
                    if self.open == 0 {
                        return Some(at + 1);
                    }
                }
                _ => {}
            }
        }
        None
    }
}

impl<R: BufRead> Source<R> {
    pub(super) fn new(input: R) -> Self {
        Self { input, line: 1, started: false }
    }

    /// Line of the next byte, from 1.
    pub(super) fn line(&self) -> usize {
        self.line
    }

    /// The next byte that is no white space; it is not taken yet.
    pub(super) fn peek(&mut self) -> Result<Option<u8>, ReadFault> {
        if !std::mem::replace(&mut self.started, true) {
            self.skip_mark()?;
        }
        loop {
            let bytes = self.input.fill_buf()?;
            let Some(len) = bytes.iter().position(|byte| !byte.is_ascii_whitespace()) else {
                if bytes.is_empty() {
                    return Ok(None);
                }
                let len = bytes.len();
                self.consume(len)?;
                continue;
            };
            let next = bytes[len];
            self.consume(len)?;
            return Ok(Some(next));
        }
    }

    /// Takes the byte that [`Source::peek`] has shown.
    pub(super) fn skip(&mut self) {
        self.input.consume(1);
    }

    /// Appends the bytes up to the end of an object whose open braces are `braces`.
    pub(super) fn take_object(&mut self, braces: &mut Braces, out: &mut Vec<u8>) -> Result<Taken, ReadFault> {
        loop {
            let bytes = self.input.fill_buf()?;
            if bytes.is_empty() {
                return Ok(Taken::Part);
            }
            let end = braces.read(bytes);
            let len = end.unwrap_or(bytes.len());
            if out.len() + len > MAX_DOCUMENT_LEN {
                return Err(ReadFault::TooLong);
            }
            out.extend_from_slice(&bytes[..len]);
            self.consume(len)?;
            if end.is_some() {
                return Ok(Taken::Whole);
            }
        }
    }

    /// Appends the rest of the line, and tells what is open at its end.
    pub(super) fn take_line(&mut self, out: &mut Vec<u8>) -> Result<Braces, ReadFault> {
        loop {
            let bytes = self.input.fill_buf()?;
            let end = bytes.iter().position(|&byte| byte == b'\n').map(|at| at + 1);
            let len = end.unwrap_or(bytes.len());
            if out.len() + len > MAX_DOCUMENT_LEN {
                return Err(ReadFault::TooLong);
            }
            out.extend_from_slice(&bytes[..len]);
            self.consume(len)?;
            if end.is_some() || len == 0 {
                break;
            }
        }
        let mut braces = Braces::default();
        // What is behind the end of an object is for the parser to complain about.
        braces.read(out);
        Ok(braces)
    }

    fn skip_mark(&mut self) -> Result<(), ReadFault> {
        let bytes = self.input.fill_buf()?;
        if bytes.starts_with(BYTE_ORDER_MARK) {
            self.input.consume(BYTE_ORDER_MARK.len());
        } else if !bytes.is_empty() && BYTE_ORDER_MARK.starts_with(bytes) {
            // A pipe gave a part of it. Without the rest it is the start of nothing that JSON has.
            for &byte in BYTE_ORDER_MARK {
                if self.input.fill_buf()?.first() != Some(&byte) {
                    return Err(ReadFault::Utf8(BYTE_ORDER_MARK[0]));
                }
                self.input.consume(1);
            }
        }
        Ok(())
    }

    /// Takes `len` bytes that are in the buffer.
    fn consume(&mut self, len: usize) -> Result<(), ReadFault> {
        let bytes = self.input.fill_buf()?;
        self.line += bytes[..len].iter().filter(|&&byte| byte == b'\n').count();
        self.input.consume(len);
        Ok(())
    }
}
