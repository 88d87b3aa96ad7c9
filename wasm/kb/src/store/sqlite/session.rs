//! A connection, and what a statement tells about the store.

use super::db::{Connection, Database, DbError, Row, Value, integer, text};
use super::schema::FORMATS;
use super::{reindex, schema};
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
        match self.connection.run(statement, parameters).await {
            Ok(rows) => Ok(rows),
            Err(error) => Err(self.explain(error).await),
        }
    }

    /// The same; `None` where the tables are not there yet.
    pub async fn try_run(&self, statement: &str, parameters: Vec<Value>) -> Result<Option<Vec<Row>>, StoreError> {
        match self.connection.run(statement, parameters).await {
            Ok(rows) => Ok(Some(rows)),
            // Tables of a later version may have other names.
            Err(error) if error.is_missing_table() => self.check_version().await.map(|()| None),
            Err(error) => Err(self.explain(error).await),
        }
    }

    /// What an error means: that the store is of another version, where it is.
    async fn explain(&self, error: DbError) -> StoreError {
        match error {
            DbError::Sqlite(_) => self.check_version().await.err().unwrap_or_else(|| error.of(&self.name)),
            other => other.of(&self.name),
        }
    }

    /// Refuses a store of another version by what it states of itself, which every version does in the same place.
    pub async fn check_version(&self) -> Result<(), StoreError> {
        match self.connection.run(schema::VERSION, Vec::new()).await {
            Ok(rows) => rows.first().map_or(Ok(()), |row| FORMATS.check(integer(row, 0)?)),
            Err(_) => Ok(()),
        }
    }

    /// Runs one statement that also reads the row of `minilm_meta`; `None` where the store is not complete.
    pub async fn read(&self, statement: &str, parameters: Vec<Value>) -> Result<Option<Rows>, StoreError> {
        let Some(mut rows) = self.try_run(statement, parameters).await? else { return Ok(None) };
        let Some(at) = rows.iter().position(|row| row.first() == Some(&Value::Null)) else { return Ok(None) };
        let meta = rows.swap_remove(at);
        FORMATS.check(integer(&meta, 1)?)?;
        Ok(Some(Rows { rows, meta }))
    }

    /// The state of the store, where it is complete and of this version.
    pub async fn state(&self) -> Result<Option<State>, StoreError> {
        let Some(Rows { meta, .. }) = self.read(schema::STATE, Vec::new()).await? else { return Ok(None) };
        if FORMATS.is_old(integer(&meta, 1)?)? {
            return Ok(None);
        }
        let documents = size(integer(&meta, 3)?);
        Ok(Some(State { identity: Identity::from_text(text(&meta, 2)?)?, documents }))
    }

    /// Makes what is not there yet, also in a store of the version before.
    pub async fn create(&self, identity: &Identity) -> Result<(), StoreError> {
        for statement in schema::CREATE.iter().chain(reindex::CREATE) {
            match self.run(statement, Vec::new()).await {
                Err(_) if statement.starts_with("PRAGMA") => {}
                other => drop(other?),
            }
        }
        let version = Value::Integer(schema::FORMAT_VERSION);
        self.run(schema::COMPLETE, vec![version.clone(), Value::Text(identity.to_text()?)]).await?;
        let Some(Rows { meta, .. }) = self.read(schema::STATE, Vec::new()).await? else { return Ok(()) };
        let before = text(&meta, 2)?.to_owned();
        let after = identity.migrated(Identity::from_text(&before)?).to_text()?;
        self.run(schema::MIGRATE, vec![version, Value::Text(before), Value::Text(after)]).await.map(drop)
    }
}

/// A number of rows.
pub fn size(count: i64) -> usize {
    usize::try_from(count).unwrap_or(0)
}
