//! Spin's PostgreSQL interface: statements in, rows out, errors told apart.

use spin_sdk::pg::wit::postgres::{Connection, DbValue, Error, QueryError};

pub use spin_sdk::pg::ParameterValue;

use crate::store::StoreError;

/// An open connection.
pub struct Db(Connection);

/// A row.
pub type Row = Vec<DbValue>;

impl Db {
    /// Opens a connection.
    pub async fn open(address: &str) -> Result<Self, StoreError> {
        Connection::open_async(address.to_owned()).await.map(Self).map_err(failed)
    }

    /// Runs one statement and gives its rows.
    pub async fn run(&self, statement: &str, parameters: Vec<ParameterValue>) -> Result<Vec<Row>, StoreError> {
        self.try_run(statement, parameters).await.map_err(failed)
    }

    /// The same, with Spin's own error.
    pub async fn try_run(&self, statement: &str, parameters: Vec<ParameterValue>) -> Result<Vec<Row>, Error> {
        let (_, rows, result) = self.0.query_async(statement.to_owned(), parameters).await?;
        let rows = rows.collect().await;
        result.await?;
        Ok(rows)
    }

    /// Runs one statement that has no rows.
    pub async fn execute(&self, statement: &str) -> Result<(), StoreError> {
        self.0.execute_async(statement.to_owned(), Vec::new()).await.map(drop).map_err(failed)
    }
}

/// What an error means.
pub fn failed(error: Error) -> StoreError {
    let (code, message) = match error {
        Error::ConnectionFailed(text) => return StoreError::Unreachable(text),
        Error::QueryFailed(QueryError::DbError(error)) => (error.code, error.message),
        Error::QueryFailed(QueryError::Text(text)) => return StoreError::Unreachable(text),
        Error::BadParameter(text) | Error::ValueConversionFailed(text) | Error::Other(text) => (String::new(), text),
    };
    match code.as_str() {
        "53100" => StoreError::Full(message),
        // Characters that PostgreSQL does not keep: U+0000.
        "22P05" | "22021" => StoreError::Document(message),
        // Connections, resources, locks, shutdowns.
        _ if ["08", "40", "53", "55", "57"].iter().any(|class| code.starts_with(class)) => {
            StoreError::Unreachable(message)
        }
        _ => StoreError::Damaged(format!("{message} ({code})")),
    }
}

/// Whether a statement failed because the tables are not there yet.
pub fn is_missing(error: &Error) -> bool {
    matches!(error, Error::QueryFailed(QueryError::DbError(error)) if error.code == "42P01")
}

/// An array of texts.
pub fn texts<'a>(texts: impl IntoIterator<Item = &'a str>) -> ParameterValue {
    ParameterValue::ArrayStr(texts.into_iter().map(|text| Some(text.to_owned())).collect())
}

/// A column that is an integer.
pub fn integer(row: &Row, column: usize) -> Result<i64, StoreError> {
    match row.get(column) {
        Some(DbValue::Int64(value)) => Ok(*value),
        Some(DbValue::Int32(value)) => Ok((*value).into()),
        other => Err(unexpected(column, other)),
    }
}

/// A column that is a number.
pub fn real(row: &Row, column: usize) -> Result<f32, StoreError> {
    match row.get(column) {
        Some(DbValue::Floating64(value)) => Ok(*value as f32),
        other => Err(unexpected(column, other)),
    }
}

/// A column that is text.
pub fn text(row: &Row, column: usize) -> Result<&str, StoreError> {
    match row.get(column) {
        Some(DbValue::Str(value)) => Ok(value),
        other => Err(unexpected(column, other)),
    }
}

fn unexpected(column: usize, value: Option<&DbValue>) -> StoreError {
    StoreError::Damaged(format!("column {column} of a row holds {value:?}"))
}
