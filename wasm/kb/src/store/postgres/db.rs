//! Spin's PostgreSQL interface: statements in, rows out, errors told apart.

use spin_sdk::pg::wit::postgres::{Connection, DbValue, Error, QueryError};

pub use spin_sdk::pg::ParameterValue;

use super::schema::check_format;
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

    /// Runs one statement and gives its rows; `None` where the tables are not there yet.
    pub async fn try_rows(
        &self,
        statement: &str,
        parameters: Vec<ParameterValue>,
    ) -> Result<Option<Vec<Row>>, StoreError> {
        match self.try_run(statement, parameters).await {
            Err(error) if is_missing(&error) => Ok(None),
            other => other.map(Some).map_err(failed),
        }
    }

    async fn try_run(&self, statement: &str, parameters: Vec<ParameterValue>) -> Result<Vec<Row>, Error> {
        let (_, rows, result) = self.0.query_async(statement.to_owned(), parameters).await?;
        let rows = rows.collect().await;
        result.await?;
        Ok(rows)
    }

    /// Lets statements of this connection take as long as they need: those that make graphs do.
    pub async fn lift_statement_timeout(&self) -> Result<(), StoreError> {
        self.execute("SET statement_timeout = 0").await
    }

    /// Runs one statement that has no rows.
    pub async fn execute(&self, statement: &str) -> Result<(), StoreError> {
        self.0.execute_async(statement.to_owned(), Vec::new()).await.map(drop).map_err(failed)
    }
}

/// What an error means.
fn failed(error: Error) -> StoreError {
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
fn is_missing(error: &Error) -> bool {
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

/// A column that is a number, or `NULL`.
pub fn real(row: &Row, column: usize) -> Result<Option<f32>, StoreError> {
    match row.get(column) {
        Some(DbValue::Floating64(value)) => Ok(Some(*value as f32)),
        Some(DbValue::DbNull) => Ok(None),
        other => Err(unexpected(column, other)),
    }
}

/// Whether a column is `NULL`.
pub fn is_null(row: &Row, column: usize) -> bool {
    matches!(row.get(column), Some(DbValue::DbNull))
}

/// A column that is text.
pub fn text(row: &Row, column: usize) -> Result<&str, StoreError> {
    match row.get(column) {
        Some(DbValue::Str(value)) => Ok(value),
        other => Err(unexpected(column, other)),
    }
}

/// Takes the row of `minilm_meta`, which has `NULL` as its first column, out of `rows`, and checks its format version.
pub fn take_meta(rows: &mut Vec<Row>) -> Result<Option<Row>, StoreError> {
    let at = rows.iter().position(|row| matches!(row.first(), Some(DbValue::DbNull)));
    let Some(meta) = at.map(|at| rows.swap_remove(at)) else { return Ok(None) };
    let format = text(&meta, 1)?.parse().map_err(|_| unexpected(1, meta.get(1)))?;
    check_format(format)?;
    Ok(Some(meta))
}

fn unexpected(column: usize, value: Option<&DbValue>) -> StoreError {
    StoreError::Damaged(format!("column {column} of a row holds {value:?}"))
}
