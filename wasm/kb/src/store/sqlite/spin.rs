//! Spin's SQLite.

use async_trait::async_trait;
use spin_sdk::sqlite::Value as SpinValue;
use spin_sdk::sqlite::wit::sqlite::{Connection as SpinConnection, Error};

use super::db::{Connection, Database, DbError, Row, Value};

/// The database that the manifest calls `name`.
pub fn database(name: &str) -> Box<dyn Database> {
    Box::new(SpinDatabase(name.to_owned()))
}

struct SpinDatabase(String);

struct Open(SpinConnection);

#[async_trait(?Send)]
impl Database for SpinDatabase {
    fn name(&self) -> &str {
        &self.0
    }

    async fn open(&self) -> Result<Box<dyn Connection>, DbError> {
        Ok(Box::new(Open(SpinConnection::open_async(self.0.clone()).await?)))
    }
}

#[async_trait(?Send)]
impl Connection for Open {
    async fn run(&self, statement: &str, parameters: Vec<Value>) -> Result<Vec<Row>, DbError> {
        let parameters = parameters.into_iter().map(to_spin).collect();
        let (_, rows, result) = self.0.execute_async(statement.to_owned(), parameters).await?;
        let rows = rows.collect().await;
        result.await?;
        Ok(rows.into_iter().map(|row| row.values.into_iter().map(from_spin).collect()).collect())
    }
}

fn to_spin(value: Value) -> SpinValue {
    match value {
        Value::Null => SpinValue::Null,
        Value::Integer(value) => SpinValue::Integer(value),
        Value::Real(value) => SpinValue::Real(value),
        Value::Text(value) => SpinValue::Text(value),
        Value::Blob(value) => SpinValue::Blob(value),
    }
}

fn from_spin(value: SpinValue) -> Value {
    match value {
        SpinValue::Null => Value::Null,
        SpinValue::Integer(value) => Value::Integer(value),
        SpinValue::Real(value) => Value::Real(value),
        SpinValue::Text(value) => Value::Text(value),
        SpinValue::Blob(value) => Value::Blob(value),
    }
}

impl From<Error> for DbError {
    fn from(error: Error) -> Self {
        match error {
            Error::DatabaseFull => Self::Full,
            Error::NoSuchDatabase | Error::AccessDenied => Self::NoSuchDatabase,
            Error::InvalidConnection => Self::Closed,
            Error::Io(text) => Self::Sqlite(text),
        }
    }
}
