//! How a file of texts is read.

use std::path::Path;

use clap::{Args, ValueEnum};

/// What the lines of an input file mean.
#[derive(Args)]
#[command(next_help_heading = "Input")]
pub struct ParseArgs {
    /// Format of the file: text has one text a line [default: by the file's extension, else text]
    #[arg(long, value_enum)]
    pub input_format: Option<InputFormat>,
    /// CSV column or JSON field that holds the text
    #[arg(long, value_name = "NAME", default_value = "text")]
    pub column: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum InputFormat {
    Text,
    /// JSON lines, a JSON array of objects, or objects over several lines
    #[value(alias = "json")]
    Jsonl,
    Csv,
}

impl InputFormat {
    /// The format that the extension of `path` stands for.
    pub fn of(path: &Path) -> Self {
        let extension = path.extension().and_then(|extension| extension.to_str()).unwrap_or_default();
        match extension.to_ascii_lowercase().as_str() {
            "json" | "jsonl" | "ndjson" => Self::Jsonl,
            "csv" => Self::Csv,
            _ => Self::Text,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::InputFormat;

    #[test]
    fn extensions_name_formats() {
        for (path, format) in [
            ("a.jsonl", InputFormat::Jsonl),
            ("a.json", InputFormat::Jsonl),
            ("a.NDJSON", InputFormat::Jsonl),
            ("dir.csv/a", InputFormat::Text),
            ("a.CSV", InputFormat::Csv),
            ("a.txt", InputFormat::Text),
            ("csv", InputFormat::Text),
        ] {
            assert_eq!(InputFormat::of(Path::new(path)), format, "{path}");
        }
    }
}
