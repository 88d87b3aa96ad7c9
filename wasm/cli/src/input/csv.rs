//! The texts in one column of a CSV file.

use std::cell::RefCell;
use std::io::{self, Read};
use std::rc::Rc;

use anyhow::{Result, anyhow, bail};
use csv::{ErrorKind, Reader, ReaderBuilder, StringRecord};

use super::lines::{Lines, MAX_LINE};
use super::listed;

/// A column of a CSV file with a header.
///
/// The parser reads through [`Feed`], which hands it one checked line at a time. So it is never ahead of the record that it
/// parses: the number of the last line is that of the record, and the length of a record is bounded.
pub struct Column {
    reader: Reader<Feed>,
    feed: Rc<RefCell<State>>,
    name: String,
    index: Option<usize>,
    ended: bool,
}

impl Column {
    pub fn new(lines: Lines, name: String) -> Self {
        let feed = Rc::new(RefCell::new(State { lines, line: Vec::new(), at: 0, taken: 0 }));
        let reader = ReaderBuilder::new().from_reader(Feed(Rc::clone(&feed)));
        Self { reader, feed, name, index: None, ended: false }
    }

    fn read(&mut self) -> Result<Option<String>> {
        let index = match self.index {
            Some(index) => index,
            None => {
                let headers = self.reader.headers().map_err(|error| explain(error, &self.feed.borrow().lines))?;
                if headers.is_empty() {
                    return Ok(None);
                }
                let Some(index) = headers.iter().position(|header| header == self.name) else {
                    bail!(
                        "{} has no column `{}`; there is {} (choose one with --column)",
                        self.feed.borrow().lines.place(),
                        self.name,
                        listed(headers.iter())
                    );
                };
                *self.index.insert(index)
            }
        };
        self.feed.borrow_mut().taken = 0;
        let mut record = StringRecord::new();
        match self.reader.read_record(&mut record) {
            Ok(true) => Ok(Some(record.get(index).unwrap_or_default().to_owned())),
            Ok(false) => Ok(None),
            Err(error) => Err(explain(error, &self.feed.borrow().lines)),
        }
    }
}

impl Iterator for Column {
    type Item = Result<String>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.ended {
            return None;
        }
        let text = self.read().transpose();
        self.ended = !matches!(text, Some(Ok(_)));
        text
    }
}

/// The parser's error in our words: an error of [`Feed`] has said all by itself.
fn explain(error: csv::Error, lines: &Lines) -> anyhow::Error {
    let place = lines.place();
    match error.into_kind() {
        ErrorKind::Io(error) => anyhow!(error),
        ErrorKind::UnequalLengths { expected_len, len, .. } => {
            anyhow!("{place}: the record has {len} fields, the header has {expected_len}")
        }
        other => anyhow!("{place}: {other:?}"),
    }
}

struct Feed(Rc<RefCell<State>>);

struct State {
    lines: Lines,
    line: Vec<u8>,
    /// Bytes of `line` that the parser has.
    at: usize,
    /// Bytes that the parser has of the current record.
    taken: usize,
}

impl Read for Feed {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let state = &mut *self.0.borrow_mut();
        if state.at == state.line.len() {
            if state.taken > MAX_LINE {
                let (limit, place) = (MAX_LINE >> 20, state.lines.place());
                return Err(io::Error::other(format!(
                    "{place}: the record is longer than the limit of {limit} MiB; is a quote left open?"
                )));
            }
            state.line.clear();
            state.at = 0;
            let line = state.lines.next_with_end().map_err(|error| io::Error::other(format!("{error:#}")))?;
            state.line.extend_from_slice(line.unwrap_or_default().as_bytes());
        }
        let len = out.len().min(state.line.len() - state.at);
        out[..len].copy_from_slice(&state.line[state.at..][..len]);
        state.at += len;
        state.taken += len;
        Ok(len)
    }
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::{Column, Lines};

    fn column(bytes: impl Into<Vec<u8>>) -> (Vec<String>, Option<String>) {
        let lines = Lines::new(Box::new(Cursor::new(bytes.into())), "a.csv".to_owned());
        let (texts, faults): (Vec<_>, Vec<_>) = Column::new(lines, "text".to_owned()).partition(Result::is_ok);
        let fault = faults.into_iter().find_map(|fault| fault.err()).map(|error| format!("{error:#}"));
        (texts.into_iter().flatten().collect(), fault)
    }

    #[test]
    fn quotes_and_line_ends_are_understood() {
        let (texts, fault) = column("\u{feff}id,text\r\n1,plain\r\n2,\"a, \"\"b\"\"\r\nc\"\r\n3,\r\n");
        assert_eq!(texts, ["plain", "a, \"b\"\r\nc", ""]);
        assert_eq!(fault, None);
    }

    #[test]
    fn an_empty_file_has_no_texts() {
        for empty in ["", "\n", "text\n"] {
            assert_eq!(column(empty), (vec![], None), "{empty:?}");
        }
    }

    #[test]
    fn faults_are_named_after_the_texts_before_them() {
        for (bytes, expected) in [
            (
                &b"id,titel\n1,a\n"[..],
                "a.csv, line 1 has no column `text`; there is `id`, `titel` (choose one with --column)",
            ),
            (b"id,text\r\n1,a\r\n2\r\n", "a.csv, line 3: the record has 1 fields, the header has 2"),
            (b"id,text\n1,a\n\n2,\"b\nc\xff\"\n", "a.csv, line 5, byte 2: 0xff is not valid UTF-8"),
        ] {
            let (texts, fault) = column(bytes);
            assert_eq!(fault.as_deref(), Some(expected));
            assert_eq!(texts.len(), usize::from(!expected.contains("column")));
        }
    }

    #[test]
    fn an_open_quote_does_not_fill_the_memory() {
        let bytes = format!("text\n\"{}", "never closed\n".repeat(2 << 20));
        assert!(column(bytes).1.is_some_and(|error| error.contains("is a quote left open?")));
    }
}
