//! PostgreSQL with pgvector, as Spin reaches it: for knowledge bases that several machines share, or that outgrow one.
//!
//! The nearest rows are found by a graph (HNSW), which may miss one in rare cases; a search with a filter looks at every row.

mod db;
mod schema;
mod search;

use async_trait::async_trait;
use db::{Db, ParameterValue, Row, integer, text, texts};

use super::{Entry, FieldVector, Found, Identity, Record, Search, State, Store, StoreError};

/// A database.
#[derive(Debug)]
pub struct Postgres {
    url: Option<String>,
}

impl Postgres {
    /// The database at `url`; nothing is opened yet.
    pub fn new(url: Option<String>) -> Self {
        Self { url }
    }

    async fn db(&self) -> Result<Db, StoreError> {
        let url = self.url.as_deref().ok_or_else(|| StoreError::Unreachable("POSTGRES_URL is not set".to_owned()))?;
        Db::open(url).await
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

fn read_state(row: &Row) -> Result<State, StoreError> {
    let (format, known) = (integer(row, 0)?, i64::from(schema::FORMAT_VERSION));
    if format != known {
        return Err(StoreError::Damaged(format!("it has format version {format}, this component knows {known}")));
    }
    let identity =
        serde_json::from_str(text(row, 1)?).map_err(|error| StoreError::Damaged(format!("its identity: {error}")))?;
    Ok(State { identity, version: integer(row, 2)?, documents: usize::try_from(integer(row, 3)?).unwrap_or(0) })
}

fn identity_text(identity: &Identity) -> Result<String, StoreError> {
    serde_json::to_string(identity).map_err(|error| StoreError::Damaged(error.to_string()))
}

/// A vector as pgvector reads it.
fn vector_text(vector: &[f32]) -> String {
    let mut text = String::with_capacity(12 * vector.len() + 2);
    for (index, x) in vector.iter().enumerate() {
        text.push(if index == 0 { '[' } else { ',' });
        text += &x.to_string();
    }
    text + "]"
}

/// A vector as pgvector writes it.
fn vector(text: &str) -> Result<Vec<f32>, StoreError> {
    let numbers = text.trim_start_matches('[').trim_end_matches(']').split(',').map(str::parse);
    numbers.collect::<Result<_, _>>().map_err(|error| StoreError::Damaged(format!("a vector: {error}")))
}

/// Ids, fields and vectors, each an array: one of every field of every document, and no vector where there is no text.
fn vectors(identity: &Identity, entries: &[Entry]) -> [ParameterValue; 3] {
    let all = || entries.iter().flat_map(|entry| identity.fields.iter().map(move |field| (entry, field)));
    let vector = |(entry, field): (&Entry, &String)| {
        let vector = entry.vectors.iter().find(|vector| vector.field == *field);
        vector.map(|FieldVector { vector, .. }| vector_text(vector))
    };
    [
        texts(all().map(|(entry, _)| entry.record.id.as_str())),
        texts(all().map(|(_, field)| field.as_str())),
        ParameterValue::ArrayStr(all().map(vector).collect()),
    ]
}

/// The statements that make the graphs which searches walk.
fn graphs(identity: &Identity) -> String {
    let dim = identity.dim.to_string();
    let graph = |field: &String| schema::CREATE_GRAPH.replace("{field}", field).replace("{dim}", &dim);
    identity.fields.iter().map(graph).collect()
}

/// Whether the one row that a write has to change was there.
fn written(rows: &[Row]) -> Result<(), StoreError> {
    match rows.first() {
        Some(row) if integer(row, 0)? > 0 => Ok(()),
        _ => Err(StoreError::Changed),
    }
}

fn record(row: &Row) -> Result<Record, StoreError> {
    Ok(Record { id: text(row, 0)?.to_owned(), document: text(row, 1)?.to_owned(), metadata: text(row, 2)?.to_owned() })
}

#[async_trait(?Send)]
impl Store for Postgres {
    fn name(&self) -> &'static str {
        "postgres"
    }

    async fn open(&self, identity: &Identity) -> Result<State, StoreError> {
        let db = self.db().await?;
        if let Some(state) = state(&db).await? {
            return Ok(state);
        }
        let literal = format!("'{}'", identity_text(identity)?.replace('\'', "''"));
        let create = schema::CREATE.replace("{format}", &schema::FORMAT_VERSION.to_string());
        let create = create.replace("{graphs}", &graphs(identity)).replace("{identity}", &literal);
        db.execute(&schema::alone(&create)).await?;
        state(&db).await?.ok_or_else(|| StoreError::Damaged("its tables are not kept".to_owned()))
    }

    async fn search(&self, search: &Search<'_>) -> Result<Vec<Found>, StoreError> {
        search::search(&self.db().await?, search).await
    }

    async fn upsert(&self, identity: &Identity, entries: &[Entry]) -> Result<usize, StoreError> {
        let db = self.db().await?;
        let records = || entries.iter().map(|entry| &entry.record);
        let mut parameters = vec![
            ParameterValue::Str(identity_text(identity)?),
            texts(records().map(|record| record.id.as_str())),
            texts(records().map(|record| record.document.as_str())),
            texts(records().map(|record| record.metadata.as_str())),
        ];
        parameters.extend(vectors(identity, entries));
        written(&db.run(schema::UPSERT, parameters).await?)?;
        let rows = db.run("SELECT count(*) FROM minilm_documents", Vec::new()).await?;
        rows.first().map_or(Ok(0), |row| Ok(usize::try_from(integer(row, 0)?).unwrap_or(0)))
    }

    async fn existing(&self, ids: &[&str]) -> Result<Vec<Entry>, StoreError> {
        let statement = "SELECT d.id, d.document, d.metadata::text, v.field, v.embedding::text
            FROM minilm_documents d JOIN minilm_vectors v ON v.document = d.seq
            WHERE d.id = ANY ($1::text[]) AND v.embedding IS NOT NULL ORDER BY d.id";
        let mut known: Vec<Entry> = Vec::new();
        for row in self.db().await?.run(statement, vec![texts(ids.iter().copied())]).await? {
            let vector = FieldVector { field: text(&row, 3)?.to_owned(), vector: vector(text(&row, 4)?)? };
            let record = record(&row)?;
            match known.last_mut().filter(|last| last.record.id == record.id) {
                Some(last) => last.vectors.push(vector),
                None => known.push(Entry { record, vectors: vec![vector] }),
            }
        }
        Ok(known)
    }

    async fn get(&self, id: &str) -> Result<Option<Record>, StoreError> {
        let statement = "SELECT id, document, metadata::text FROM minilm_documents WHERE id = $1::text";
        let rows = self.db().await?.run(statement, vec![ParameterValue::Str(id.to_owned())]).await?;
        rows.first().map(record).transpose()
    }

    async fn page(&self, after: Option<&str>, limit: usize) -> Result<Vec<Record>, StoreError> {
        // No id is empty, so all come after the empty one.
        let statement = "SELECT id, document, metadata::text FROM minilm_documents
            WHERE id > $1::text ORDER BY id LIMIT $2::bigint";
        let after = ParameterValue::Str(after.unwrap_or_default().to_owned());
        let limit = ParameterValue::Int64(i64::try_from(limit).unwrap_or(i64::MAX));
        self.db().await?.run(statement, vec![after, limit]).await?.iter().map(record).collect()
    }

    async fn delete(&self, id: &str) -> Result<bool, StoreError> {
        let rows = self.db().await?.run(schema::DELETE, vec![ParameterValue::Str(id.to_owned())]).await?;
        rows.first().map_or(Ok(false), |row| Ok(integer(row, 0)? > 0))
    }

    async fn reindex(&self, identity: &Identity, version: i64, entries: &[Entry]) -> Result<(), StoreError> {
        let db = self.db().await?;
        // Graphs of another width would refuse the new vectors.
        if let Some(old) = state(&db).await?.filter(|old| old.identity.dim != identity.dim) {
            for field in &old.identity.fields {
                db.execute(&format!("DROP INDEX IF EXISTS \"minilm_hnsw_{field}_{}\"", old.identity.dim)).await?;
            }
        }
        let mut parameters = vec![ParameterValue::Str(identity_text(identity)?), ParameterValue::Int64(version)];
        parameters.extend(vectors(identity, entries));
        let done = db.run(schema::REINDEX, parameters).await.and_then(|rows| written(&rows));
        // Those of before, where it has failed.
        if let Some(now) = state(&db).await? {
            db.execute(&schema::alone(&graphs(&now.identity))).await?;
        }
        done
    }
}
