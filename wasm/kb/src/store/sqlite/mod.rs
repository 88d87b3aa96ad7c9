//! SQLite: the store of one machine.

mod db;
mod filter;
mod reindex;
mod schema;
mod search;
mod session;
#[cfg(target_family = "wasm")]
pub mod spin;
mod write;

use async_trait::async_trait;

pub use db::{Connection, Database, DbError, Row, Value};
use db::{floats, integer, take_text, text};
use session::{Rows, Session, size};

use super::{
    Entry, Existing, FieldVector, Identity, Page, Pending, Record, Search, SearchResult, State, Store, StoreError,
};

/// Documents in a SQLite database. Nothing is opened before the first request.
pub struct Sqlite {
    database: Box<dyn Database>,
}

impl Sqlite {
    /// A store in `database`.
    #[must_use]
    pub fn new(database: Box<dyn Database>) -> Self {
        Self { database }
    }

    async fn session(&self) -> Result<Session, StoreError> {
        Session::open(&*self.database).await
    }
}

/// The id and the document in two columns of `row`, which has them no more.
fn record(row: &mut Row, first: usize) -> Result<Record, StoreError> {
    Ok(Record { id: take_text(row, first)?, document: take_text(row, first + 1)? })
}

/// A document, its vectors one behind the other, and the names of their fields with commas between.
fn existing(mut row: Row) -> Result<(Record, Vec<FieldVector>), StoreError> {
    let (vectors, names) = (floats(&row, 2)?, text(&row, 3)?);
    let names: Vec<&str> = names.split(',').filter(|name| !name.is_empty()).collect();
    let dim = vectors.len().checked_div(names.len()).unwrap_or(0).max(1);
    let vector = |(field, vector): (&&str, &[f32])| FieldVector { field: (*field).to_owned(), vector: vector.to_vec() };
    let vectors = names.iter().zip(vectors.chunks_exact(dim)).map(vector).collect();
    Ok((record(&mut row, 0)?, vectors))
}

#[async_trait(?Send)]
impl Store for Sqlite {
    fn name(&self) -> &'static str {
        "sqlite"
    }

    async fn open(&self, identity: &Identity) -> Result<State, StoreError> {
        let session = self.session().await?;
        if let Some(state) = session.state().await? {
            return Ok(state);
        }
        session.create(identity).await?;
        session.state().await?.ok_or_else(|| StoreError::Damaged("its tables are not kept".to_owned()))
    }

    async fn search(&self, identity: &Identity, search: &Search<'_>) -> Result<SearchResult, StoreError> {
        search::search(&self.session().await?, identity, search).await
    }

    async fn existing(&self, identity: &Identity, ids: &[&str]) -> Result<Existing, StoreError> {
        let session = self.session().await?;
        let ids = serde_json::to_string(ids).map_err(|error| StoreError::Document(error.to_string()))?;
        match session.read(schema::EXISTING, vec![Value::Text(ids)]).await? {
            Some(Rows { rows, meta }) => {
                let documents = rows.into_iter().map(existing).collect::<Result<_, _>>()?;
                Ok(Existing { identity: Identity::from_text(text(&meta, 2)?)?, documents })
            }
            None => {
                session.create(identity).await?;
                Ok(Existing { identity: identity.clone(), documents: Vec::new() })
            }
        }
    }

    async fn upsert(&self, identity: &Identity, entries: Vec<Entry>) -> Result<usize, StoreError> {
        let session = self.session().await?;
        write::upsert(&session, identity, entries).await?;
        let rows = session.run("SELECT count(*) FROM minilm_documents", Vec::new()).await?;
        rows.first().map_or(Ok(0), |row| Ok(size(integer(row, 0)?)))
    }

    async fn get(&self, id: &str) -> Result<Option<Record>, StoreError> {
        let found = self.session().await?.read(schema::GET, vec![id.into()]).await?;
        found.and_then(|found| found.rows.into_iter().next()).map(|mut row| record(&mut row, 0)).transpose()
    }

    async fn page(&self, after: Option<&str>, limit: usize, max_bytes: usize) -> Result<Page, StoreError> {
        let number = |number: usize| Value::Integer(i64::try_from(number).unwrap_or(i64::MAX));
        let parameters = vec![after.map_or(Value::Null, Value::from), number(limit), number(max_bytes)];
        let Some(mut found) = self.session().await?.read(schema::PAGE, parameters).await? else {
            return Ok(Page::default());
        };
        // The order of the rows of a UNION is nowhere promised.
        found.rows.sort_unstable_by(|a, b| text(a, 0).ok().cmp(&text(b, 0).ok()));
        let sizes = found.rows.iter().map(|row| integer(row, 2).map(size)).collect::<Result<_, _>>()?;
        let whole = found.rows.iter_mut().take_while(|row| row.get(1) != Some(&Value::Null));
        Ok(Page { records: whole.map(|row| record(row, 0)).collect::<Result<_, _>>()?, sizes })
    }

    async fn delete(&self, id: &str) -> Result<bool, StoreError> {
        let session = self.session().await?;
        let formats = [schema::WITHOUT_STAGING, schema::FORMAT_VERSION].map(Value::from);
        let rows = session.try_run(schema::DELETE, [vec![id.into()], formats.to_vec()].concat()).await?;
        if rows.is_some_and(|rows| !rows.is_empty()) {
            return Ok(true);
        }
        // Of a store of another version nothing is deleted, whether it has the document or not.
        session.check_version().await.map(|()| false)
    }

    async fn begin_reindex(&self, identity: &Identity) -> Result<(), StoreError> {
        reindex::begin(&self.session().await?, identity).await
    }

    async fn pending(&self, identity: &Identity, limit: usize, max_bytes: usize) -> Result<Vec<Pending>, StoreError> {
        reindex::pending(&self.session().await?, identity, limit, max_bytes).await
    }

    async fn stage(&self, identity: &Identity, pending: &[Pending], entries: &[Entry]) -> Result<(), StoreError> {
        reindex::stage(&self.session().await?, identity, pending, entries).await
    }

    async fn switch(&self, identity: &Identity) -> Result<bool, StoreError> {
        reindex::switch(&self.session().await?, identity).await
    }

    async fn remaining(&self) -> Result<usize, StoreError> {
        reindex::remaining(&self.session().await?).await
    }
}
