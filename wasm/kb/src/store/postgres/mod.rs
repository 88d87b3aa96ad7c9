//! PostgreSQL with pgvector, as Spin reaches it: for knowledge bases that several machines share, or that outgrow one.
//!
//! The nearest rows are found by a graph (HNSW), which may miss one in rare cases; a search with a filter looks at every row.

mod db;
mod filter;
mod reindex;
mod schema;
mod search;

use std::borrow::Cow;
use std::collections::HashMap;

use async_trait::async_trait;
use db::{Db, ParameterValue, Row, integer, is_null, take_meta, text, texts};
use sha2::{Digest, Sha256};

use super::{
    Entry, Existing, FieldVector, Identity, Page, Pending, Record, Search, SearchResult, State, Store, StoreError,
};

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

/// The state of the store, where it is complete and of this version.
async fn state(db: &Db) -> Result<Option<State>, StoreError> {
    let rows = db.try_rows(schema::STATE, Vec::new()).await?;
    match rows.and_then(|rows| rows.into_iter().next()) {
        None => Ok(None),
        Some(row) if schema::FORMATS.is_old(integer(&row, 0)?)? => Ok(None),
        Some(row) => read_state(&row).map(Some),
    }
}

fn read_state(row: &Row) -> Result<State, StoreError> {
    let documents = usize::try_from(integer(row, 2)?).unwrap_or(0);
    Ok(State { identity: Identity::from_text(text(row, 1)?)?, documents })
}

/// Makes what is not there yet, also in a store of a version before; all or nothing.
async fn create(db: &Db, identity: &Identity) -> Result<(), StoreError> {
    db.lift_statement_timeout().await?;
    let create = schema::CREATE
        .replace("{reindex}", reindex::CREATE)
        .replace("{triggers}", schema::TRIGGERS)
        .replace("{counts}", schema::COUNTS)
        .replace("{format}", &schema::FORMAT_VERSION.to_string())
        .replace("{without_counts}", &schema::WITHOUT_COUNTS.to_string())
        .replace("{block}", &schema::BLOCK_BITS.to_string())
        .replace("{graphs}", &graphs(identity, "minilm_vectors"))
        .replace("{identity}", &literal(identity)?);
    db.execute(&schema::alone(&create)).await?;
    adopt(db, identity).await
}

/// Writes `identity` into a store of a version before that knows the weights of its model only, where they are these.
async fn adopt(db: &Db, identity: &Identity) -> Result<(), StoreError> {
    let Some(State { identity: stored, .. }) = state(db).await? else { return Ok(()) };
    let before = stored.to_text()?;
    let after = identity.migrated(stored).to_text()?;
    if before == after {
        return Ok(());
    }
    let parameters = vec![ParameterValue::Str(before), ParameterValue::Str(after)];
    db.run("UPDATE minilm_meta SET identity = $2::text WHERE identity = $1::text RETURNING one", parameters)
        .await
        .map(drop)
}

/// An identity as a literal of SQL.
fn literal(identity: &Identity) -> Result<String, StoreError> {
    Ok(format!("'{}'", identity.to_text()?.replace('\'', "''")))
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

/// The statements that make the graphs which searches walk, over the vectors of one table.
fn graphs(identity: &Identity, table: &str) -> String {
    let dim = identity.dim.to_string();
    let prefix = if table == "minilm_vectors" { "minilm_hnsw" } else { "minilm_staged_hnsw" };
    let graph = |field: &String| {
        schema::CREATE_GRAPH
            .replace("{index}", &format!("{prefix}_{}_{dim}", short(field)))
            .replace("{table}", table)
            .replace("{field}", field)
            .replace("{dim}", &dim)
    };
    identity.fields.iter().map(graph).collect()
}

/// Most bytes of a field in the name of a graph. PostgreSQL cuts names after 63 bytes, and two with the same start would be one.
const LONGEST: usize = 36;

/// The field in the name of its graph: where it is long, its start and a hash.
fn short(field: &str) -> Cow<'_, str> {
    if field.len() <= LONGEST {
        return field.into();
    }
    let hash: String = Sha256::digest(field).iter().take(6).map(|byte| format!("{byte:02x}")).collect();
    // Fields are of ASCII.
    format!("{}_{hash}", &field[..LONGEST - hash.len() - 1]).into()
}

/// Whether the one row that a write has to change was there.
fn written(rows: &[Row]) -> Result<(), StoreError> {
    match rows.first() {
        Some(row) if integer(row, 0)? > 0 => Ok(()),
        _ => Err(StoreError::Changed),
    }
}

fn record(row: &Row, first: usize) -> Result<Record, StoreError> {
    Ok(Record { id: text(row, first)?.to_owned(), document: text(row, first + 1)?.to_owned() })
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
        create(&db, identity).await?;
        state(&db).await?.ok_or_else(|| StoreError::Damaged("its tables are not kept".to_owned()))
    }

    async fn search(&self, identity: &Identity, search: &Search<'_>) -> Result<SearchResult, StoreError> {
        let db = self.db().await?;
        if let Some(result) = search::search(&db, identity, search).await? {
            return Ok(result);
        }
        create(&db, identity).await?;
        let result = search::search(&db, identity, search).await?;
        result.ok_or_else(|| StoreError::Damaged("its tables are not kept".to_owned()))
    }

    async fn existing(&self, identity: &Identity, ids: &[&str]) -> Result<Existing, StoreError> {
        let db = self.db().await?;
        let mut rows = db.try_rows(schema::EXISTING, vec![texts(ids.iter().copied())]).await?.unwrap_or_default();
        let Some(meta) = take_meta(&mut rows)? else {
            create(&db, identity).await?;
            return Ok(Existing { identity: identity.clone(), documents: Vec::new() });
        };
        let mut documents: HashMap<String, (Record, Vec<FieldVector>)> = HashMap::new();
        for row in &rows {
            let field_vector = FieldVector { field: text(row, 2)?.to_owned(), vector: vector(text(row, 3)?)? };
            let record = record(row, 0)?;
            documents.entry(record.id.clone()).or_insert((record, Vec::new())).1.push(field_vector);
        }
        let identity = Identity::from_text(text(&meta, 2)?)?;
        Ok(Existing { identity, documents: documents.into_values().collect() })
    }

    async fn upsert(&self, identity: &Identity, entries: Vec<Entry>) -> Result<usize, StoreError> {
        let db = self.db().await?;
        let vectors = vectors(identity, &entries);
        let (mut ids, mut documents, mut metadata) = (Vec::new(), Vec::new(), Vec::new());
        for entry in entries {
            ids.push(Some(entry.record.id));
            documents.push(Some(entry.record.document));
            metadata.push(Some(entry.metadata));
        }
        let mut parameters = vec![ParameterValue::Str(identity.to_text()?)];
        parameters.extend([ids, documents, metadata].map(ParameterValue::ArrayStr));
        parameters.extend(vectors);
        written(&db.run(schema::UPSERT, parameters).await?)?;
        let rows = db.run("SELECT count(*) FROM minilm_documents", Vec::new()).await?;
        rows.first().map_or(Ok(0), |row| Ok(usize::try_from(integer(row, 0)?).unwrap_or(0)))
    }

    async fn get(&self, id: &str) -> Result<Option<Record>, StoreError> {
        let parameters = vec![ParameterValue::Str(id.to_owned())];
        let mut rows = self.db().await?.try_rows(schema::GET, parameters).await?.unwrap_or_default();
        take_meta(&mut rows)?;
        rows.first().map(|row| record(row, 0)).transpose()
    }

    async fn page(&self, after: Option<&str>, limit: usize, max_bytes: usize) -> Result<Page, StoreError> {
        let number = |number: usize| ParameterValue::Int64(i64::try_from(number).unwrap_or(i64::MAX));
        let after = ParameterValue::Str(after.unwrap_or_default().to_owned());
        let parameters = vec![after, number(limit), number(max_bytes)];
        let mut rows = self.db().await?.try_rows(schema::PAGE, parameters).await?.unwrap_or_default();
        take_meta(&mut rows)?;
        // The order of the rows of a UNION is nowhere promised.
        rows.sort_unstable_by(|a, b| text(a, 0).ok().cmp(&text(b, 0).ok()));
        let size = |row| integer(row, 2).map(|bytes| usize::try_from(bytes).unwrap_or(0));
        let sizes = rows.iter().map(size).collect::<Result<_, _>>()?;
        let whole = rows.iter().take_while(|row| !is_null(row, 1));
        Ok(Page { records: whole.map(|row| record(row, 0)).collect::<Result<_, _>>()?, sizes })
    }

    async fn delete(&self, id: &str) -> Result<bool, StoreError> {
        let parameters = vec![ParameterValue::Str(id.to_owned()), ParameterValue::Int64(schema::FORMAT_VERSION)];
        let db = self.db().await?;
        let rows = db.try_rows(schema::DELETE, parameters).await?.unwrap_or_default();
        match rows.first() {
            Some(row) if integer(row, 0)? > 0 => Ok(true),
            // Of a store of another version nothing is deleted, whether it has the document or not.
            _ => db.check_version().await.map(|()| false),
        }
    }

    async fn begin_reindex(&self, identity: &Identity) -> Result<(), StoreError> {
        reindex::begin(&self.db().await?, identity).await
    }

    async fn pending(&self, identity: &Identity, limit: usize, max_bytes: usize) -> Result<Vec<Pending>, StoreError> {
        reindex::pending(&self.db().await?, identity, limit, max_bytes).await
    }

    async fn stage(&self, identity: &Identity, pending: &[Pending], entries: &[Entry]) -> Result<(), StoreError> {
        reindex::stage(&self.db().await?, identity, pending, entries).await
    }

    async fn switch(&self, identity: &Identity) -> Result<bool, StoreError> {
        reindex::switch(&self.db().await?, identity).await
    }

    async fn remaining(&self) -> Result<usize, StoreError> {
        reindex::remaining(&self.db().await?).await
    }
}
