//! Lines of a file: numbered, of bounded length, valid UTF-8.

use std::io::{BufRead, Read};

use anyhow::{Context, Result, bail};

/// Longest line that is read. A model reads a few hundred tokens of it; a file without line ends must not fill the memory.
pub const MAX_LINE: usize = 16 << 20;

const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// The lines of a file.
pub struct Lines {
    reader: Box<dyn BufRead>,
    name: String,
    /// Lines read so far, so the number of the current one, from 1.
    number: usize,
    buffer: Vec<u8>,
}

impl Lines {
    /// `name` is what errors call the file.
    pub fn new(reader: Box<dyn BufRead>, name: String) -> Self {
        Self { reader, name, number: 0, buffer: Vec::new() }
    }

    /// The next line without its end (`\n` or `\r\n`).
    pub fn next(&mut self) -> Result<Option<&str>> {
        let line = self.next_with_end()?;
        Ok(line.map(|line| match line.strip_suffix('\n') {
            Some(line) => line.strip_suffix('\r').unwrap_or(line),
            None => line,
        }))
    }

    /// The next line as it is in the file. A byte order mark at the start is no part of it.
    pub fn next_with_end(&mut self) -> Result<Option<&str>> {
        self.buffer.clear();
        let mut bounded = self.reader.by_ref().take(MAX_LINE as u64 + 1);
        bounded.read_until(b'\n', &mut self.buffer).with_context(|| format!("cannot read {}", self.name))?;
        let mark = if self.number == 0 && self.buffer.starts_with(BYTE_ORDER_MARK) { BYTE_ORDER_MARK.len() } else { 0 };
        if self.buffer.len() == mark {
            return Ok(None);
        }
        self.number += 1;
        if self.buffer.len() > MAX_LINE && !self.buffer.ends_with(b"\n") {
            bail!("{} is longer than the limit of {} MiB", self.place(), MAX_LINE >> 20);
        }
        match std::str::from_utf8(&self.buffer[mark..]) {
            Ok(line) => Ok(Some(line)),
            Err(error) => {
                let at = mark + error.valid_up_to();
                bail!("{}, byte {}: {:#04x} is not valid UTF-8", self.place(), at + 1, self.buffer[at])
            }
        }
    }

    /// File and number of the line that came last, for errors about it.
    pub fn place(&self) -> String {
        format!("{}, line {}", self.name, self.number)
    }
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::{Lines, MAX_LINE};

    fn lines(bytes: impl Into<Vec<u8>>) -> (Vec<String>, Option<String>) {
        let mut lines = Lines::new(Box::new(Cursor::new(bytes.into())), "a.txt".to_owned());
        let mut read = Vec::new();
        loop {
            match lines.next() {
                Ok(Some(line)) => read.push(line.to_owned()),
                Ok(None) => return (read, None),
                Err(error) => return (read, Some(format!("{error:#}"))),
            }
        }
    }

    #[test]
    fn ends_are_cut_and_empty_lines_stay() {
        for (bytes, expected) in [
            ("", &[][..]),
            ("a", &["a"]),
            ("a\n", &["a"]),
            ("a\r\n\r\nb\rc\n\n", &["a", "", "b\rc", ""]),
            ("\u{feff}a\n\u{feff}b", &["a", "\u{feff}b"]),
            ("\u{feff}", &[]),
            ("\u{feff}\n", &[""]),
            ("a\r", &["a\r"]),
        ] {
            assert_eq!(lines(bytes), (expected.iter().map(|&line| line.to_owned()).collect(), None), "{bytes:?}");
        }
    }

    #[test]
    fn invalid_bytes_are_named() {
        let (read, error) = lines(*b"good\nbad \xff byte\n");
        assert_eq!(read, ["good"]);
        assert_eq!(error.as_deref(), Some("a.txt, line 2, byte 5: 0xff is not valid UTF-8"));
        let (_, error) = lines(*b"\xef\xbb\xbfab\xc3");
        assert_eq!(error.as_deref(), Some("a.txt, line 1, byte 6: 0xc3 is not valid UTF-8"));
    }

    #[test]
    fn long_lines_are_refused() {
        let mut bytes = vec![b'x'; MAX_LINE];
        assert_eq!(lines(bytes.clone()).0[0].len(), MAX_LINE);
        bytes.push(b'\n');
        assert_eq!(lines(bytes.clone()).0[0].len(), MAX_LINE);
        bytes.insert(0, b'x');
        assert_eq!(lines(bytes).1.as_deref(), Some("a.txt, line 1 is longer than the limit of 16 MiB"));
    }
}
