//! What can be wrong with a filter.

/// Characters of a name in an error.
const MOST: usize = 100;

/// What is wrong with a filter.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FilterError {
    /// A name with `$` that is no operator there.
    #[error("`{operator}` is no operator {place}: there are {known}")]
    UnknownOperator {
        /// Its name.
        operator: String,
        /// Where it stands.
        place: String,
        /// The operators that there are.
        known: String,
    },
    /// A value that an operator or a key cannot have.
    #[error("{place} is {found}: {expected}")]
    Value {
        /// The operator or the key.
        place: String,
        /// What the value is.
        found: &'static str,
        /// What can stand there.
        expected: &'static str,
    },
    /// A key beside operators.
    #[error("`{name}` of `{key}` is no operator: {expected}")]
    NotAnOperator {
        /// The name that has no `$`.
        name: String,
        /// The key before it.
        key: String,
        /// What can stand there.
        expected: &'static str,
    },
    /// A string with U+0000, which not every store has.
    #[error("{place} has the character U+0000, which cannot be filtered by")]
    Nul {
        /// The operator or the key.
        place: String,
    },
    /// More than a filter may have.
    #[error("it has {found} {what}, the limit is {limit}")]
    Limit {
        /// What there is too much of.
        what: &'static str,
        /// How many there are, as far as they were counted.
        found: usize,
        /// How many there may be.
        limit: usize,
    },
}

/// A name for an error, cut where it is long.
pub(super) fn shown(name: &str) -> String {
    match name.char_indices().nth(MOST) {
        Some((end, _)) => format!("{}…", &name[..end]),
        None => name.to_owned(),
    }
}
