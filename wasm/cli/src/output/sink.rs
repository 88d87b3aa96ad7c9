//! Where output goes: standard output, or a file that gets its name when it is complete.

use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{self, BufWriter, IsTerminal, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use crate::files::cannot;

const BUFFER: usize = 64 << 10;

/// An output.
pub enum Sink {
    Stdout(BufWriter<io::Stdout>),
    /// The file is called `PATH.part` until it is complete: whatever happens before, `PATH` is never half a file.
    File {
        file: BufWriter<File>,
        part: PathBuf,
        path: PathBuf,
    },
}

impl Sink {
    pub fn stdout() -> Self {
        Self::Stdout(BufWriter::with_capacity(BUFFER, io::stdout()))
    }

    pub fn file(path: &Path) -> Result<Self> {
        if path.is_dir() {
            bail!("cannot write {}: it is a folder", path.display());
        }
        let mut part = OsString::from(path);
        part.push(".part");
        let part = PathBuf::from(part);
        let file = File::create(&part).with_context(|| cannot("write", &part))?;
        Ok(Self::File { file: BufWriter::with_capacity(BUFFER, file), part, path: path.to_owned() })
    }

    /// Whether rows appear on the terminal of a person.
    pub fn is_terminal(&self) -> bool {
        matches!(self, Self::Stdout(_)) && io::stdout().is_terminal()
    }

    /// Writes over the start of the file. Standard output cannot do that.
    pub fn overwrite_start(&mut self, bytes: &[u8]) -> Result<()> {
        let Self::File { file, .. } = self else { bail!("this format needs --output FILE") };
        file.seek(SeekFrom::Start(0))?;
        file.write_all(bytes)?;
        file.seek(SeekFrom::End(0))?;
        Ok(())
    }

    /// The output is complete: a file gets its name.
    pub fn commit(mut self) -> Result<()> {
        self.flush()?;
        if let Self::File { file, part, path } = self {
            drop(file);
            fs::rename(&part, &path).with_context(|| cannot("write", &path))?;
        }
        Ok(())
    }

    /// The output stays incomplete because of `error`: what is written so far is kept, and named.
    pub fn abandon(mut self, error: anyhow::Error) -> anyhow::Error {
        let flushed = self.flush();
        let Self::File { file, part, .. } = self else { return error };
        drop(file);
        if flushed.is_ok() && fs::metadata(&part).is_ok_and(|metadata| metadata.len() > 0) {
            return error.context(format!("{} is incomplete", part.display()));
        }
        // Nothing to keep; where it cannot be removed either, `error` is still the one to report.
        let _ = fs::remove_file(&part);
        error
    }
}

impl Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Stdout(out) => out.write(bytes),
            Self::File { file, .. } => file.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Stdout(out) => out.flush(),
            Self::File { file, .. } => file.flush(),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::io::Write;

    use super::Sink;

    #[test]
    fn a_file_appears_when_it_is_complete() -> anyhow::Result<()> {
        let path = std::env::temp_dir().join(format!("minilm-sink-{}", std::process::id()));
        let mut sink = Sink::file(&path)?;
        sink.write_all(b"12345")?;
        sink.overwrite_start(b"ab")?;
        sink.write_all(b"6")?;
        sink.flush()?;
        assert!(!path.exists());
        sink.commit()?;
        assert_eq!(fs::read(&path)?, b"ab3456");
        fs::remove_file(path)?;
        Ok(())
    }

    #[test]
    fn a_fault_keeps_what_is_written() -> anyhow::Result<()> {
        let path = std::env::temp_dir().join(format!("minilm-sink-fault-{}", std::process::id()));
        let part = path.with_extension("part");
        let mut sink = Sink::file(&path)?;
        sink.write_all(b"12")?;
        let error = sink.abandon(anyhow::anyhow!("fault"));
        assert!(error.to_string().ends_with(".part is incomplete"));
        assert_eq!(fs::read(&part)?, b"12");
        assert_eq!(Sink::file(&path)?.abandon(anyhow::anyhow!("fault")).to_string(), "fault");
        assert!(!part.exists() && !path.exists());
        Ok(())
    }
}
