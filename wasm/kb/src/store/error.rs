//! What can go wrong in a store, and the status that a client sees.

use http::StatusCode;
use minilm_serving::Problem;

/// What went wrong in a store. The texts are ours: what a host or a database says may hold addresses, paths and passwords, and is for the log
/// alone ([`StoreError::logging`]).
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// There is no room left.
    #[error("the store is full, and nothing was changed: {0}")]
    Full(String),
    /// The store does not answer, or another writer has held it for too long.
    #[error("the store cannot be reached: {0}")]
    Unreachable(String),
    /// It can only be read.
    #[error("the store `{0}` can only be read: build a new file to change it")]
    ReadOnly(&'static str),
    /// Another writer has changed what this one was about to change.
    #[error("the store was changed by another writer in the meantime, and nothing was changed by this one: try again")]
    Changed,
    /// A document that this store cannot keep.
    #[error("a document cannot be kept: {0}")]
    Document(String),
    /// The request would cost more than it may.
    #[error("{}", .0.message())]
    Over(Problem),
    /// What is there is not what was written.
    #[error("the store is damaged: {0}")]
    Damaged(String),
    /// Written in another version of the format, which stays as it is.
    #[error("the store has format version {found}, and this component reads version {known}: {}", remedy(*.found, *.known))]
    Format {
        /// What the store states.
        found: i64,
        /// The latest version that this component reads.
        known: i64,
    },
    /// Another error, and what the log has about it.
    #[error("{error}")]
    Logged {
        /// What a client is told.
        error: Box<StoreError>,
        /// What the host or the database said, without credentials.
        log: String,
    },
}

fn remedy(found: i64, known: i64) -> String {
    match found > known {
        true => format!("it needs a minilm that knows version {found}"),
        false => "make it anew".to_owned(),
    }
}

/// Most characters of what a host says that go into the log.
const MOST_LOGGED: usize = 500;

impl StoreError {
    /// The same, with what the host or the database said, for the log.
    #[must_use]
    pub fn logging(self, said: &str) -> Self {
        Self::Logged { error: Box::new(self), log: said.chars().take(MOST_LOGGED).collect() }
    }

    /// What the log has.
    #[must_use]
    pub fn logged(&self) -> String {
        match self {
            Self::Logged { error, log } => format!("{error}: {log}"),
            other => other.to_string(),
        }
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        let message = error.to_string();
        match error {
            StoreError::Full(_) => Self::new(StatusCode::INSUFFICIENT_STORAGE, message),
            StoreError::Unreachable(_) => Self::unhealthy(message).retry_after_a_second(),
            StoreError::ReadOnly(_) => {
                Self::new(StatusCode::METHOD_NOT_ALLOWED, message).with_allow("GET, HEAD, OPTIONS")
            }
            StoreError::Changed => Self::new(StatusCode::CONFLICT, message).retry_after_a_second(),
            StoreError::Document(_) => Self::invalid(message),
            StoreError::Over(problem) => problem,
            StoreError::Damaged(_) => Self::new(StatusCode::INTERNAL_SERVER_ERROR, message),
            StoreError::Format { .. } => Self::unhealthy(message),
            StoreError::Logged { error, log } => Self::from(*error).logged_as(format!("{message}: {log}")),
        }
    }
}

impl From<Problem> for StoreError {
    fn from(problem: Problem) -> Self {
        Self::Over(problem)
    }
}

impl From<minilm::index::IndexError> for StoreError {
    fn from(error: minilm::index::IndexError) -> Self {
        Self::Damaged(error.to_string())
    }
}
