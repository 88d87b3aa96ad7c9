//! What can go wrong in a store, and the status that a client sees.

use http::StatusCode;
use minilm_serving::Problem;

/// What went wrong in a store.
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
