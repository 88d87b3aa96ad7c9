//! Any bytes as a file of texts: lines, the field of JSON objects, the column of a CSV file. Texts, then an error or the end, never a panic;
//! and the same ones in whichever pieces the bytes come.
//!
//! The first byte says which of the three, and how many bytes come at once.
#![no_main]

mod common;

/// The readers of the command line tool.
#[path = "."]
mod readers {
    use std::fmt::Display;

    #[path = "../../wasm/cli/src/input/csv.rs"]
    pub mod csv;
    #[path = "../../wasm/cli/src/input/jsonl.rs"]
    pub mod jsonl;
    #[path = "../../wasm/cli/src/input/lines.rs"]
    pub mod lines;

    fn listed(names: impl Iterator<Item = impl Display>) -> String {
        names.take(20).map(|name| name.to_string()).collect::<Vec<_>>().join(", ")
    }
}

use std::io::{BufReader, Cursor};
use std::iter;

use common::split;
use libfuzzer_sys::fuzz_target;
use readers::{csv::Column, jsonl::Field, lines::Lines};

fuzz_target!(|data: &[u8]| {
    let (mode, data) = split(data);
    let found = read(mode, data, 1 << 16);
    // A byte order mark that is damaged has another fault where its first byte comes alone.
    if !data.starts_with(&[0xef]) || data.starts_with("\u{feff}".as_bytes()) {
        assert_eq!(read(mode, data, 1 + usize::from(mode / 3)), found);
    }
});

/// The texts, and the error behind them.
fn read(mode: u8, data: &[u8], piece: usize) -> (Vec<String>, Option<String>) {
    let reader = Box::new(BufReader::with_capacity(piece, Cursor::new(data.to_vec())));
    let (file, name) = ("f".to_owned(), "text".to_owned());
    let texts: Box<dyn Iterator<Item = anyhow::Result<String>>> = match mode % 3 {
        0 => {
            let mut lines = Lines::new(reader, file);
            Box::new(iter::from_fn(move || lines.next().map(|line| line.map(str::to_owned)).transpose()))
        }
        1 => Box::new(Field::new(reader, file, name)),
        _ => Box::new(Column::new(Lines::new(reader, file), name)),
    };
    let mut found = Vec::new();
    for text in texts {
        match text {
            Ok(text) => found.push(text),
            Err(error) => return (found, Some(format!("{error:#}"))),
        }
    }
    (found, None)
}
