//! Spin's PostgreSQL interface: statements in, rows out, errors told apart.

use spin_sdk::pg::wit::postgres::{Connection, DbValue, Error, QueryError};

pub use spin_sdk::pg::ParameterValue;

use super::schema::{FORMATS, VERSION};
use crate::store::StoreError;
use crate::store::credentials::without_credentials;

/// An open connection, and its address.
pub struct Db {
    connection: Connection,
    address: String,
}

/// A row.
pub type Row = Vec<DbValue>;

impl Db {
    /// Opens a connection.
    pub async fn open(address: &str) -> Result<Self, StoreError> {
        let address = address.to_owned();
        match Connection::open_async(address.clone()).await {
            Ok(connection) => Ok(Self { connection, address }),
            Err(error) => Err(failed(error, &address)),
        }
    }

    /// Runs one statement and gives its rows.
    pub async fn run(&self, statement: &str, parameters: Vec<ParameterValue>) -> Result<Vec<Row>, StoreError> {
        match self.try_run(statement, parameters).await {
            Ok(rows) => Ok(rows),
            Err(error) => Err(self.explain(error).await),
        }
    }

    /// Runs one statement and gives its rows; `None` where the tables are not there yet.
    pub async fn try_rows(
        &self,
        statement: &str,
        parameters: Vec<ParameterValue>,
    ) -> Result<Option<Vec<Row>>, StoreError> {
        match self.try_run(statement, parameters).await {
            Ok(rows) => Ok(Some(rows)),
            // Tables of a later version may have other names.
            Err(error) if is_missing(&error) => self.check_version().await.map(|()| None),
            Err(error) => Err(self.explain(error).await),
        }
    }

    async fn try_run(&self, statement: &str, parameters: Vec<ParameterValue>) -> Result<Vec<Row>, Error> {
        let (_, rows, result) = self.connection.query_async(statement.to_owned(), parameters).await?;
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
        let done = self.connection.execute_async(statement.to_owned(), Vec::new()).await;
        done.map(drop).map_err(|error| failed(error, &self.address))
    }

    /// What an error means: that the store is of another version, where it is.
    async fn explain(&self, error: Error) -> StoreError {
        match failed(error, &self.address) {
            StoreError::Logged { error, log } if matches!(*error, StoreError::Damaged(_)) => {
                self.check_version().await.err().unwrap_or(StoreError::Logged { error, log })
            }
            other => other,
        }
    }

    /// Refuses a store of another version by what it states of itself, which every version does in the same place.
    pub async fn check_version(&self) -> Result<(), StoreError> {
        match self.try_run(VERSION, Vec::new()).await {
            Ok(rows) => rows.first().map_or(Ok(()), |row| FORMATS.check(integer(row, 0)?)),
            Err(_) => Ok(()),
        }
    }
}

/// What an error means. What the host and PostgreSQL say goes into the log, without the credentials in `address`.
fn failed(error: Error, address: &str) -> StoreError {
    let (told, said) = match error {
        Error::ConnectionFailed(text) => (no_connection(), text),
        Error::QueryFailed(QueryError::Text(text)) => {
            (StoreError::Unreachable("the connection to PostgreSQL broke".to_owned()), text)
        }
        Error::QueryFailed(QueryError::DbError(error)) => {
            // Messages about values hold the values, which are those of a client.
            let said = if error.code.starts_with("22") { String::new() } else { error.message };
            (meaning(&error.code), format!("{said} ({})", error.code))
        }
        Error::BadParameter(_) | Error::ValueConversionFailed(_) => {
            (StoreError::Damaged("PostgreSQL has values of other types".to_owned()), "a value".to_owned())
        }
        Error::Other(text) => (StoreError::Damaged("PostgreSQL has failed".to_owned()), text),
    };
    told.logging(&without_credentials(&said, address))
}

fn no_connection() -> StoreError {
    StoreError::Unreachable(
        "no connection to PostgreSQL: it does not answer, refuses the user, or the host does not allow the address of POSTGRES_URL; \
         the log says which"
            .to_owned(),
    )
}

/// What a code of PostgreSQL means.
fn meaning(code: &str) -> StoreError {
    match code {
        "53100" => StoreError::Full("the disk of PostgreSQL has no room".to_owned()),
        // Characters that PostgreSQL does not keep.
        "22P05" | "22021" => StoreError::Document("PostgreSQL keeps no U+0000 in a text".to_owned()),
        "57014" => {
            StoreError::Unreachable("a statement took longer than statement_timeout of PostgreSQL allows".to_owned())
        }
        // Connections, resources, locks, shutdowns.
        _ if ["08", "40", "53", "55", "57"].iter().any(|class| code.starts_with(class)) => {
            StoreError::Unreachable(format!("PostgreSQL is too busy or shuts down ({code})"))
        }
        _ => StoreError::Damaged(format!("PostgreSQL has failed with the code {code}")),
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
    FORMATS.check(format)?;
    Ok(Some(meta))
}

fn unexpected(column: usize, value: Option<&DbValue>) -> StoreError {
    let kind = match value {
        None => "nothing",
        Some(DbValue::DbNull) => "null",
        Some(DbValue::Str(_)) => "text",
        Some(DbValue::Int32(_) | DbValue::Int64(_)) => "an integer",
        Some(_) => "a value of another type",
    };
    StoreError::Damaged(format!("column {column} of a row holds {kind}"))
}
