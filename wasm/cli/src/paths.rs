//! The files that a command line names, for a host that opens these and no others.

use std::path::{Path, PathBuf};

use crate::args::Command;

/// Paths as they are written on the command line. Standard input and output are none.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Paths {
    /// Files that are only read.
    pub read: Vec<PathBuf>,
    /// Files that are written; each also needs a file `<path>.part` beside it.
    pub written: Vec<PathBuf>,
}

impl Paths {
    /// Adds files to read; `-` is standard input.
    pub(crate) fn read<'a>(&mut self, paths: impl IntoIterator<Item = &'a PathBuf>) {
        self.read.extend(paths.into_iter().filter(|path| path.as_path() != Path::new("-")).cloned());
    }

    /// Adds files to write.
    pub(crate) fn written<'a>(&mut self, paths: impl IntoIterator<Item = &'a PathBuf>) {
        self.written.extend(paths.into_iter().cloned());
    }
}

impl Command {
    /// The files that this command opens, beside the model.
    #[must_use]
    pub fn paths(&self) -> Paths {
        let mut paths = Paths::default();
        match self {
            Self::Embed(args) => args.add_paths(&mut paths),
            Self::Search(args) => args.add_paths(&mut paths),
            Self::Index(args) => args.add_paths(&mut paths),
            Self::Info(args) => args.add_paths(&mut paths),
            Self::Similarity(_) | Self::Tokenize(_) => {}
        }
        paths
    }

    /// Whether this command needs a model: what is said about a file needs none.
    #[must_use]
    pub fn needs_model(&self) -> bool {
        match self {
            Self::Index(args) => args.needs_model(),
            Self::Info(args) => args.needs_model(),
            Self::Embed(_) | Self::Similarity(_) | Self::Search(_) | Self::Tokenize(_) => true,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use clap::Parser;

    use crate::{Cli, ComponentCommand};

    #[test]
    fn every_file_of_a_command_line_is_found() {
        for (line, read, written, needs_model) in [
            ("minilm embed a b", &[][..], &[][..], true),
            ("minilm embed --file -", &[], &[], true),
            (
                "minilm embed --file /in/a.txt --ranges r.npy -o out/b.npy",
                &["/in/a.txt", "r.npy"],
                &["out/b.npy"],
                true,
            ),
            ("minilm search q --in ../faq.csv", &["../faq.csv"], &[], true),
            ("minilm similarity a b", &[], &[], true),
            ("minilm tokenize a", &[], &[], true),
            ("minilm index build - --output kb.minilm", &[], &["kb.minilm"], true),
            ("minilm index build q.jsonl --output kb.minilm", &["q.jsonl"], &["kb.minilm"], true),
            ("minilm index info kb.minilm", &["kb.minilm"], &[], false),
            ("minilm index search kb.minilm q", &["kb.minilm"], &[], true),
            ("minilm info", &[], &[], true),
            ("minilm info a.minilm", &["a.minilm"], &[], false),
        ] {
            let parsed = Cli::try_parse_from(line.split(' ')).expect("a valid line").command;
            #[allow(irrefutable_let_patterns, reason = "`pack` is the only other one, and a feature")]
            let ComponentCommand::Command(command) = parsed else { panic!("{line} is a command with a model") };
            let paths = command.paths();
            let named = |names: &[&str]| names.iter().map(PathBuf::from).collect::<Vec<_>>();
            assert_eq!((paths.read, paths.written), (named(read), named(written)), "{line}");
            assert_eq!(command.needs_model(), needs_model, "{line}");
        }
    }
}
