//! A connection, and what a statement tells about the store.

use super::db::{Connection, Database, Row, Value, integer, text};
use super::schema;
use crate::store::{Identity, State, StoreError};

/// An open database, with its name for error messages.
pub struct Session {
    connection: Box<dyn Connection>,
    name: String,
}

/// Rows of a statement that also reads the row of `minilm_meta`. That one has `NULL` as its first column, and wherever it lies it is
/// taken out.
pub struct Rows {
    /// The other rows.
    pub rows: Vec<Row>,
    /// The row of `minilm_meta`: after the `NULL`, the format version and what the statement asked for.
    pub meta: Row,
}

impl Session {
    /// Opens a connection: cheap, and never of a transaction that another request has left behind.
    pub async fn open(database: &dyn Database) -> Result<Self, StoreError> {
        let name = database.name().to_owned();
        let connection = database.open().await.map_err(|error| error.of(&name))?;
        Ok(Self { connection, name })
    }

    /// Runs one statement and gives its rows.
    pub async fn run(&self, statement: &str, parameters: Vec<Value>) -> Result<Vec<Row>, StoreError> {
        self.connection.run(statement, parameters).await.map_err(|error| error.of(&self.name))
    }

    /// The same; `None` where the tables are not there yet.
    pub async fn try_run(&self, statement: &str, parameters: Vec<Value>) -> Result<Option<Vec<Row>>, StoreError> {
        match self.connection.run(statement, parameters).await {
            Err(error) if error.is_missing_table() => Ok(None),
            other => other.map(Some).map_err(|error| error.of(&self.name)),
        }
    }

    /// Runs one statement that also reads the row of `minilm_meta`; `None` where the store is not complete.
    pub async fn read(&self, statement: &str, parameters: Vec<Value>) -> Result<Option<Rows>, StoreError> {
        let Some(mut rows) = self.try_run(statement, parameters).await? else { return Ok(None) };
        let Some(at) = rows.iter().position(|row| row.first() == Some(&Value::Null)) else { return Ok(None) };
        let meta = rows.swap_remove(at);
        check_format(integer(&meta, 1)?)?;
        Ok(Some(Rows { rows, meta }))
    }

    /// The state of the store, where it is complete.
    pub async fn state(&self) -> Result<Option<State>, StoreError> {
        let Some(Rows { meta, .. }) = self.read(schema::STATE, Vec::new()).await? else { return Ok(None) };
        let documents = size(integer(&meta, 4)?);
        Ok(Some(State { identity: Identity::from_text(text(&meta, 2)?)?, version: integer(&meta, 3)?, documents }))
    }

    /// Makes what is not there yet.
    pub async fn create(&self, identity: &Identity) -> Result<(), StoreError> {
        for statement in schema::CREATE {
            match self.run(statement, Vec::new()).await {
                Err(_) if statement.starts_with("PRAGMA") => {}
                other => drop(other?),
            }
        }
        let parameters = vec![Value::Integer(schema::FORMAT_VERSION), Value::Text(identity.to_text()?)];
        self.run(schema::COMPLETE, parameters).await.map(drop)
    }
}

/// Refuses a store of another format.
pub fn check_format(format: i64) -> Result<(), StoreError> {
    let known = schema::FORMAT_VERSION;
    if format == known {
        return Ok(());
    }
    Err(StoreError::Damaged(format!("it has format version {format}, this component knows {known}")))
}

/// A number of rows.
pub fn size(count: i64) -> usize {
    usize::try_from(count).unwrap_or(0)
}
