//! Spin's SQLite interface: statements in, rows out, errors told apart.

use spin_sdk::sqlite::wit::sqlite::{Connection, Error};

pub use spin_sdk::sqlite::{RowResult, Value};

use super::schema::CHANGED;
use crate::store::StoreError;

/// An open database.
pub struct Db(Connection);

impl Db {
    /// Opens the database that the manifest calls `name`.
    pub async fn open(name: &str) -> Result<Self, StoreError> {
        let opened = Connection::open_async(name.to_owned()).await;
        opened.map(Self).map_err(|error| failed_at(error, name))
    }

    /// Runs one statement and gives its rows.
    pub async fn run(&self, statement: &str, parameters: Vec<Value>) -> Result<Vec<RowResult>, StoreError> {
        self.try_run(statement, parameters).await.map_err(failed)
    }

    /// The same, with Spin's own error.
    pub async fn try_run(&self, statement: &str, parameters: Vec<Value>) -> Result<Vec<RowResult>, Error> {
        let (_, rows, result) = self.0.execute_async(statement.to_owned(), parameters).await?;
        let rows = rows.collect().await;
        result.await?;
        Ok(rows)
    }
}

/// What an error of a statement means.
pub fn failed(error: Error) -> StoreError {
    failed_at(error, "")
}

/// Hosts have SQLite's errors as text only.
fn failed_at(error: Error, name: &str) -> StoreError {
    match error {
        Error::DatabaseFull => StoreError::Full("the database has reached its capacity".to_owned()),
        Error::NoSuchDatabase | Error::AccessDenied => {
            StoreError::Unreachable(format!("the host gives this component no SQLite database `{name}`"))
        }
        Error::InvalidConnection => StoreError::Unreachable("the connection was closed".to_owned()),
        Error::Io(text) if text.contains(CHANGED) => StoreError::Changed,
        Error::Io(text) if text.contains("disk is full") => StoreError::Full(text),
        Error::Io(text) if text.contains("malformed") || text.contains("not a database") => StoreError::Damaged(text),
        Error::Io(text) => StoreError::Unreachable(text),
    }
}

/// Whether a statement failed because the tables are not there yet.
pub fn is_missing(error: &Error) -> bool {
    matches!(error, Error::Io(text) if text.contains("no such table"))
}

/// A column that is an integer.
pub fn integer(row: &RowResult, column: usize) -> Result<i64, StoreError> {
    match row.values.get(column) {
        Some(Value::Integer(value)) => Ok(*value),
        other => Err(unexpected(column, other)),
    }
}

/// A column that is text.
pub fn text(row: &RowResult, column: usize) -> Result<&str, StoreError> {
    match row.values.get(column) {
        Some(Value::Text(value)) => Ok(value),
        other => Err(unexpected(column, other)),
    }
}

/// A column of bytes.
pub fn blob(row: &RowResult, column: usize) -> Result<&[u8], StoreError> {
    match row.values.get(column) {
        Some(Value::Blob(value)) => Ok(value),
        other => Err(unexpected(column, other)),
    }
}

fn unexpected(column: usize, value: Option<&Value>) -> StoreError {
    StoreError::Damaged(format!("column {column} of a row holds {value:?}"))
}
