//! SQLite, as Spin gives it to components: the store of one machine.

mod db;
mod filter;
mod schema;
mod search;
mod write;

use async_trait::async_trait;
use db::{Db, RowResult, Value, blob, integer, text};

use super::{Entry, FieldVector, Found, Identity, Record, Search, State, Store, StoreError};

/// A database of the manifest.
#[derive(Debug)]
pub struct Sqlite {
    name: String,
}

impl Sqlite {
    /// The database `name`; nothing is opened yet.
    pub fn new(name: &str) -> Self {
        Self { name: name.to_owned() }
    }

    /// A connection: cheap, and never of a transaction that another request has left behind.
    async fn db(&self) -> Result<Db, StoreError> {
        Db::open(&self.name).await
    }
}

/// What the store is, where it is complete.
async fn state(db: &Db) -> Result<Option<State>, StoreError> {
    let rows = match db.try_run(schema::STATE, Vec::new()).await {
        Err(error) if db::is_missing(&error) => return Ok(None),
        other => other.map_err(db::failed)?,
    };
    rows.first().map(read_state).transpose()
}

fn read_state(row: &RowResult) -> Result<State, StoreError> {
    let format = integer(row, 0)?;
    if format != schema::FORMAT_VERSION {
        let known = schema::FORMAT_VERSION;
        return Err(StoreError::Damaged(format!("it has format version {format}, this component knows {known}")));
    }
    let identity =
        serde_json::from_str(text(row, 1)?).map_err(|error| StoreError::Damaged(format!("its identity: {error}")))?;
    Ok(State { identity, version: integer(row, 2)?, documents: size(integer(row, 3)?) })
}

/// A number of rows.
fn size(count: i64) -> usize {
    usize::try_from(count).unwrap_or(0)
}

fn identity_text(identity: &Identity) -> Result<String, StoreError> {
    serde_json::to_string(identity).map_err(|error| StoreError::Damaged(error.to_string()))
}

fn record(row: &RowResult, first: usize) -> Result<Record, StoreError> {
    Ok(Record {
        id: text(row, first)?.to_owned(),
        document: text(row, first + 1)?.to_owned(),
        metadata: text(row, first + 2)?.to_owned(),
    })
}

/// Floats as they are kept.
fn floats(bytes: &[u8]) -> Vec<f32> {
    bytes.chunks_exact(4).map(|x| f32::from_le_bytes([x[0], x[1], x[2], x[3]])).collect()
}

/// A document, its vectors one behind the other, and the names of their fields with commas between.
fn entry(row: &RowResult) -> Result<Entry, StoreError> {
    let (vectors, names) = (floats(blob(row, 3)?), text(row, 4)?);
    let names: Vec<&str> = names.split(',').filter(|name| !name.is_empty()).collect();
    let dim = vectors.len().checked_div(names.len()).unwrap_or(0).max(1);
    let vector = |(field, vector): (&&str, &[f32])| FieldVector { field: (*field).to_owned(), vector: vector.to_vec() };
    let vectors = names.iter().zip(vectors.chunks_exact(dim)).map(vector).collect();
    Ok(Entry { record: record(row, 0)?, vectors })
}

#[async_trait(?Send)]
impl Store for Sqlite {
    fn name(&self) -> &'static str {
        "sqlite"
    }

    async fn open(&self, identity: &Identity) -> Result<State, StoreError> {
        let db = self.db().await?;
        if let Some(state) = state(&db).await? {
            return Ok(state);
        }
        for statement in schema::CREATE {
            match db.run(statement, Vec::new()).await {
                Err(_) if statement.starts_with("PRAGMA") => {}
                other => drop(other?),
            }
        }
        let parameters = vec![Value::Integer(schema::FORMAT_VERSION), Value::Text(identity_text(identity)?)];
        db.run(schema::COMPLETE, parameters).await?;
        state(&db).await?.ok_or_else(|| StoreError::Damaged("its tables are not kept".to_owned()))
    }

    async fn search(&self, search: &Search<'_>) -> Result<Vec<Found>, StoreError> {
        search::search(&self.db().await?, search).await
    }

    async fn upsert(&self, identity: &Identity, entries: &[Entry]) -> Result<usize, StoreError> {
        let db = self.db().await?;
        write::upsert(&db, identity, entries).await?;
        let rows = db.run("SELECT count(*) FROM minilm_documents", Vec::new()).await?;
        rows.first().map_or(Ok(0), |row| Ok(size(integer(row, 0)?)))
    }

    async fn existing(&self, ids: &[&str]) -> Result<Vec<Entry>, StoreError> {
        let statement = "SELECT d.id, d.document, d.metadata, d.vectors, (
                SELECT coalesce(group_concat(field, ','), '') FROM (
                    SELECT field FROM minilm_quantized q WHERE q.document = d.seq ORDER BY position
                )
            ) FROM json_each(?1) i CROSS JOIN minilm_documents d ON d.id = i.value";
        let ids = serde_json::to_string(ids).map_err(|error| StoreError::Document(error.to_string()))?;
        self.db().await?.run(statement, vec![Value::Text(ids)]).await?.iter().map(entry).collect()
    }

    async fn get(&self, id: &str) -> Result<Option<Record>, StoreError> {
        let statement = "SELECT id, document, metadata FROM minilm_documents WHERE id = ?1";
        let rows = self.db().await?.run(statement, vec![id.into()]).await?;
        rows.first().map(|row| record(row, 0)).transpose()
    }

    async fn page(&self, after: Option<&str>, limit: usize) -> Result<Vec<Record>, StoreError> {
        let statement = "SELECT id, document, metadata FROM minilm_documents
            WHERE ?1 IS NULL OR id > ?1 ORDER BY id LIMIT ?2";
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let rows = self.db().await?.run(statement, vec![after.into(), limit.into()]).await?;
        rows.iter().map(|row| record(row, 0)).collect()
    }

    async fn delete(&self, id: &str) -> Result<bool, StoreError> {
        let statement = "DELETE FROM minilm_documents WHERE id = ?1 RETURNING seq";
        Ok(!self.db().await?.run(statement, vec![id.into()]).await?.is_empty())
    }

    async fn reindex(&self, identity: &Identity, version: i64, entries: &[Entry]) -> Result<(), StoreError> {
        write::reindex(&self.db().await?, identity, version, entries).await
    }
}
