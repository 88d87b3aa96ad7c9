//! Texts from arguments, files and standard input, one at a time.

mod csv;
mod jsonl;
mod lines;

use std::fmt::Display;
use std::io::{self, BufRead, BufReader, IsTerminal, Write};
use std::path::PathBuf;

use anyhow::Result;

use crate::args::{InputFormat, ParseArgs};
use crate::files;
use lines::Lines;

/// A stream of texts. It ends after a fault.
pub type Texts = Box<dyn Iterator<Item = Result<String>>>;

/// Where texts come from.
pub enum Source {
    Arguments(Vec<String>),
    File(PathBuf),
    Stdin,
}

impl Source {
    /// `-` is standard input.
    pub fn file(path: PathBuf) -> Self {
        if path.as_os_str() == "-" { Self::Stdin } else { Self::File(path) }
    }

    /// Starts to read.
    pub fn texts(self, args: &ParseArgs) -> Result<Texts> {
        let (reader, name, format): (Box<dyn BufRead>, _, _) = match self {
            Self::Arguments(texts) => return Ok(Box::new(texts.into_iter().map(Ok))),
            Self::File(path) => {
                let file = BufReader::with_capacity(BUFFER, files::open(&path)?);
                (Box::new(file), path.display().to_string(), InputFormat::of(&path))
            }
            Self::Stdin => {
                invite();
                let stdin = BufReader::with_capacity(BUFFER, io::stdin());
                (Box::new(stdin), "standard input".to_owned(), InputFormat::Text)
            }
        };
        let column = args.column.clone();
        Ok(match args.input_format.unwrap_or(format) {
            InputFormat::Text => Box::new(texts_of(Lines::new(reader, name))),
            InputFormat::Jsonl => Box::new(jsonl::Field::new(reader, name, column)),
            InputFormat::Csv => Box::new(csv::Column::new(Lines::new(reader, name), column)),
        })
    }
}

/// Each read crosses from the component into its host: not for every 8 KiB.
const BUFFER: usize = 64 << 10;

/// Most names that an error message lists.
const MAX_LISTED: usize = 20;

/// One text for each line, until the end or the first fault.
fn texts_of(mut lines: Lines) -> impl Iterator<Item = Result<String>> {
    let mut ended = false;
    std::iter::from_fn(move || {
        if ended {
            return None;
        }
        let item = lines.next().map(|line| line.map(str::to_owned)).transpose();
        ended = !matches!(item, Some(Ok(_)));
        item
    })
}

/// Names for an error message: the first of them, where there are many.
fn listed(mut names: impl Iterator<Item = impl Display>) -> String {
    let first: Vec<String> = names.by_ref().take(MAX_LISTED).map(|name| format!("`{name}`")).collect();
    match (first.is_empty(), names.count()) {
        (true, _) => "none".to_owned(),
        (false, 0) => first.join(", "),
        (false, rest) => format!("{} and {rest} more", first.join(", ")),
    }
}

/// A person who called us without texts would wait for us, and we for them.
fn invite() {
    if io::stdin().is_terminal() {
        let _ = writeln!(io::stderr(), "Reading texts from the keyboard, one a line; Ctrl-D ends.");
    }
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::{Lines, listed, texts_of};

    #[test]
    fn nothing_comes_after_a_fault() {
        let lines = Lines::new(Box::new(Cursor::new(b"a\n\xff\nc\n")), "x".to_owned());
        assert_eq!(texts_of(lines).map(|text| text.is_ok()).collect::<Vec<_>>(), [true, false]);
    }

    #[test]
    fn long_lists_are_cut() {
        assert_eq!(listed([1, 2].iter()), "`1`, `2`");
        assert!(listed(0..25).ends_with("`19` and 5 more"));
    }
}
