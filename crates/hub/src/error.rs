//! What can go wrong, as types: "cannot be reached" and "was refused" lead to different next steps.

use std::fmt;
use std::path::{Path, PathBuf};

/// Every failure of this crate.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// No usable answer came: DNS, connect, timeout, TLS, proxy, 5xx, a connection that keeps breaking, offline mode.
    #[error("{url} cannot be reached: {reason}")]
    Unreachable {
        /// What was asked for, without query and credentials.
        url: String,
        /// The cause.
        reason: String,
    },
    /// The server answered, and the answer is no.
    #[error("{url} answered {status}{}", advice(*.status))]
    Refused {
        /// What was asked for, without query and credentials.
        url: String,
        /// HTTP status.
        status: u16,
    },
    /// The bytes are not the expected ones.
    #[error("{what}: sha256 is {actual}, expected {expected}; the file was not kept")]
    Sha256 {
        /// File or URL.
        what: String,
        /// The pinned or announced hash.
        expected: String,
        /// The hash of what came.
        actual: String,
    },
    /// The model has the name of one in the catalog, and computes something else.
    #[error(
        "{model} from {origin} is another model than the one of that name: its model_sha256 is {actual}, expected {expected}; {}",
        .differences.join("; ")
    )]
    OtherModel {
        /// The name.
        model: String,
        /// Where it came from.
        origin: String,
        /// The identity in the catalog.
        expected: String,
        /// The identity of what came.
        actual: String,
        /// What differs, each with the files that it comes from.
        differences: Vec<String>,
    },
    /// Something that was read is not what it has to be.
    #[error("{what}: {reason}")]
    Invalid {
        /// The file, name or variable.
        what: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The package index can only be asked through pip, and there is none.
    #[error(
        "pip was not found (tried {tried}); install it, for example with `apt-get install python3-pip` or `python3 -m ensurepip`"
    )]
    PipMissing {
        /// The commands that were tried.
        tried: String,
    },
    /// pip ran and failed.
    #[error("pip cannot get {package}: {message}")]
    Pip {
        /// `name==version`.
        package: String,
        /// pip's own words.
        message: String,
    },
    /// The file system.
    #[error("{}: {cause}", path.display())]
    Io {
        /// The file or directory.
        path: PathBuf,
        /// The cause. The message has it, so it is no source beside.
        cause: std::io::Error,
    },
    /// A model directory cannot be packed.
    #[error("cannot use the model in {}: {cause}", path.display())]
    Convert {
        /// The directory.
        path: PathBuf,
        /// The cause, by file and field. The message has it, so it is no source beside.
        cause: minilm_convert::Error,
    },
    /// Every source of a model failed.
    #[error("cannot get the model {model}{}\n{remedy}", Listed(.attempts))]
    NoSource {
        /// The model that was asked for.
        model: String,
        /// What was tried, in order.
        attempts: Vec<Attempt>,
        /// What the user can do.
        remedy: String,
    },
}

/// One source that was tried, and how it failed.
#[derive(Debug)]
pub struct Attempt {
    /// What the source is called in messages.
    pub source: String,
    /// Why it failed.
    pub error: Error,
}

impl Error {
    /// For `map_err` on file system calls.
    pub(crate) fn io(path: &Path) -> impl FnOnce(std::io::Error) -> Error + '_ {
        move |cause| Error::Io { path: path.to_owned(), cause }
    }

    /// An [`Error::Invalid`].
    pub(crate) fn invalid(what: impl fmt::Display, reason: impl fmt::Display) -> Error {
        Error::Invalid { what: what.to_string(), reason: reason.to_string() }
    }

    /// An [`Error::Sha256`] about `what`, unless `actual` is the expected sha256.
    pub(crate) fn unless_sha256_is(what: impl fmt::Display, expected: &str, actual: &str) -> Result<(), Error> {
        if actual == expected {
            return Ok(());
        }
        Err(Error::Sha256 { what: what.to_string(), expected: expected.to_owned(), actual: actual.to_owned() })
    }

    /// Whether another source of the same pinned model is worth trying. A wrong hash or a full disk is not
    /// something to paper over.
    pub(crate) fn leaves_other_sources(&self) -> bool {
        match self {
            Error::Unreachable { .. } | Error::Refused { .. } | Error::PipMissing { .. } | Error::Pip { .. } => true,
            Error::Sha256 { .. }
            | Error::OtherModel { .. }
            | Error::Invalid { .. }
            | Error::Io { .. }
            | Error::Convert { .. }
            | Error::NoSource { .. } => false,
        }
    }
}

fn advice(status: u16) -> &'static str {
    match status {
        401 => {
            ": there is no such model, or it is private; check the name, or set HF_TOKEN to a token that may read it"
        }
        403 => {
            ": access is not granted; accept the model's terms on the hub, or set HF_TOKEN to a token that may read it"
        }
        404 => ": there is no such model, or it lacks this file; check the name",
        429 => ": too many requests; wait a while, or set HF_TOKEN",
        _ => "",
    }
}

struct Listed<'a>(&'a [Attempt]);

impl fmt::Display for Listed<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for attempt in self.0 {
            write!(f, "\n  {}: {}", attempt.source, attempt.error)?;
        }
        Ok(())
    }
}
