//! What the store needs of a SQLite: statements in, rows out, errors told apart. A host gives it to a component; a test can give
//! another one.

use async_trait::async_trait;

use super::schema::CHANGED;
use crate::store::StoreError;

/// A value of a row, or a parameter of a statement.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// `NULL`.
    Null,
    /// An integer.
    Integer(i64),
    /// A floating point number.
    Real(f64),
    /// Text.
    Text(String),
    /// Bytes.
    Blob(Vec<u8>),
}

/// A row of a result.
pub type Row = Vec<Value>;

/// Why a statement failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DbError {
    /// The host has no database of this name for the component.
    NoSuchDatabase,
    /// The database has reached its capacity.
    Full,
    /// The connection was closed.
    Closed,
    /// SQLite's own error, of which hosts pass on the text.
    Sqlite(String),
}

/// A database that can be opened.
#[async_trait(?Send)]
pub trait Database: Send + Sync {
    /// Its name, for error messages.
    fn name(&self) -> &str;

    /// Opens a connection.
    async fn open(&self) -> Result<Box<dyn Connection>, DbError>;
}

/// An open database.
#[async_trait(?Send)]
pub trait Connection {
    /// Runs one statement and gives its rows. Parameters are `?1`, `?2` and so on.
    async fn run(&self, statement: &str, parameters: Vec<Value>) -> Result<Vec<Row>, DbError>;
}

impl DbError {
    /// Whether a statement failed because the tables are not there yet.
    pub(super) fn is_missing_table(&self) -> bool {
        matches!(self, Self::Sqlite(text) if text.contains("no such table"))
    }

    /// What the error means for the database `name`.
    pub(super) fn of(self, name: &str) -> StoreError {
        match self {
            Self::Full => StoreError::Full("the database has reached its capacity".to_owned()),
            Self::NoSuchDatabase => {
                StoreError::Unreachable(format!("the host gives this component no SQLite database `{name}`"))
            }
            Self::Closed => StoreError::Unreachable("the connection was closed".to_owned()),
            Self::Sqlite(text) if text.contains(CHANGED) => StoreError::Changed,
            Self::Sqlite(text) => said(&text).logging(&text),
        }
    }
}

/// What a text of SQLite means. It may name files of the host, so it is not told.
fn said(text: &str) -> StoreError {
    let has = |part: &str| text.contains(part);
    if has("disk is full") {
        return StoreError::Full("the database or its disk has no room".to_owned());
    }
    if has("malformed") || has("not a database") {
        return StoreError::Damaged("SQLite takes the file for damaged, or for none of its own".to_owned());
    }
    let reason = if has("unable to open") {
        "the database file cannot be opened"
    } else if has("readonly") {
        "the database file can only be read"
    } else if has("locked") || has("busy") {
        "another writer has held the database for too long"
    } else {
        "SQLite has failed, and the log has what it said"
    };
    StoreError::Unreachable(reason.to_owned())
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<i64> for Value {
    fn from(integer: i64) -> Self {
        Self::Integer(integer)
    }
}

/// A column that is an integer.
pub(super) fn integer(row: &Row, column: usize) -> Result<i64, StoreError> {
    match row.get(column) {
        Some(Value::Integer(value)) => Ok(*value),
        other => Err(unexpected(column, other)),
    }
}

/// A column that is text.
pub(super) fn text(row: &Row, column: usize) -> Result<&str, StoreError> {
    match row.get(column) {
        Some(Value::Text(value)) => Ok(value),
        other => Err(unexpected(column, other)),
    }
}

/// A column that is text, which the row has no more.
pub(super) fn take_text(row: &mut Row, column: usize) -> Result<String, StoreError> {
    match row.get_mut(column) {
        Some(Value::Text(value)) => Ok(std::mem::take(value)),
        other => Err(unexpected(column, other.as_deref())),
    }
}

/// A column of bytes.
pub(super) fn blob(row: &Row, column: usize) -> Result<&[u8], StoreError> {
    match row.get(column) {
        Some(Value::Blob(value)) => Ok(value),
        other => Err(unexpected(column, other)),
    }
}

/// A column of 32-bit floats.
pub(super) fn floats(row: &Row, column: usize) -> Result<Vec<f32>, StoreError> {
    Ok(blob(row, column)?.chunks_exact(4).map(|x| f32::from_le_bytes([x[0], x[1], x[2], x[3]])).collect())
}

fn unexpected(column: usize, value: Option<&Value>) -> StoreError {
    let kind = match value {
        None => "nothing",
        Some(Value::Null) => "null",
        Some(Value::Integer(_)) => "an integer",
        Some(Value::Real(_)) => "a number",
        Some(Value::Text(_)) => "text",
        Some(Value::Blob(_)) => "bytes",
    };
    StoreError::Damaged(format!("column {column} of a row holds {kind}"))
}
