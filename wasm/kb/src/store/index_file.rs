//! An index file, read in place: for hosts without a database. It can only be read; the command line tool makes a new one.

use std::cell::RefCell;
use std::fs::File;
use std::sync::OnceLock;

use async_trait::async_trait;
use minilm::index::{Hit, Query};
use minilm_documents::{Document, FileError, INDEX_VERSION, IndexFile as Index};

use super::{Entry, Existing, Found, Identity, Match, Record, Search, SearchResult, State, Store, StoreError};

/// A file, opened when it is first asked for; one that takes its place is seen by the next instance.
pub struct IndexFile {
    path: String,
    opened: OnceLock<Index<File>>,
    /// Every id and the index of its document, in the order of the ids: made when pages are asked for.
    ids: OnceLock<Vec<(String, usize)>>,
}

impl IndexFile {
    /// The file at `path`; nothing is opened yet.
    pub fn new(path: &str) -> Self {
        Self { path: path.to_owned(), opened: OnceLock::new(), ids: OnceLock::new() }
    }

    fn index(&self) -> Result<&Index<File>, StoreError> {
        if let Some(opened) = self.opened.get() {
            return Ok(opened);
        }
        let failed_to_open = |error: std::io::Error| {
            let told = StoreError::Unreachable("the index file that INDEX_FILE names cannot be opened".to_owned());
            told.logging(&format!("{}: {error}", self.path))
        };
        let file = File::open(&self.path).map_err(failed_to_open)?;
        let index = Index::open(file).map_err(failed)?;
        Ok(self.opened.get_or_init(|| index))
    }

    fn ids(&self) -> Result<&[(String, usize)], StoreError> {
        if let Some(ids) = self.ids.get() {
            return Ok(ids);
        }
        let index = self.index()?;
        let id = |at| index.document_json(at).map(|(id, _)| (id, at)).map_err(failed);
        let mut ids: Vec<(String, usize)> = (0..index.len()).map(id).collect::<Result<_, _>>()?;
        ids.sort_unstable();
        Ok(self.ids.get_or_init(|| ids))
    }
}

fn failed(error: FileError) -> StoreError {
    match error {
        FileError::Io(error) => {
            StoreError::Unreachable("the index file cannot be read".to_owned()).logging(&error.to_string())
        }
        FileError::Version { found } => {
            let known = INDEX_VERSION.into();
            found.parse().map_or_else(
                |_| StoreError::Damaged("the index file states no version".to_owned()),
                |found| StoreError::Format { found, known },
            )
        }
        other => StoreError::Damaged(other.to_string()),
    }
}

/// A document as its text in the file, which is what clients get back.
fn record(index: &Index<File>, at: usize) -> Result<Record, FileError> {
    let (id, document) = index.document_json(at)?;
    Ok(Record { id, document })
}

/// What is found for one query: `hits` without a threshold, and for each row of the field whether it was looked at, where not all were.
fn found(index: &Index<File>, search: &Search<'_>, hits: &[Hit], kept: Option<&[bool]>) -> Result<Found, FileError> {
    let matches = hits.iter().take(search.top_k).filter(|hit| search.reaches(hit.score)).map(|hit| {
        let row = index.row(search.field, hit.index)?.unwrap_or(0);
        let place = kept.map_or(row, |kept| kept.iter().take(row).filter(|&&kept| kept).count());
        Ok(Match { index: place, score: hit.score, record: record(index, hit.index)? })
    });
    let searched = match kept {
        Some(kept) => kept.iter().filter(|&&kept| kept).count(),
        None => index.rows(search.field)?,
    };
    let matches = matches.collect::<Result<_, FileError>>()?;
    Ok(Found { searched, best: hits.first().map(|hit| hit.score), matches })
}

/// What the vectors of a file belong to.
fn identity(index: &Index<File>) -> Identity {
    let info = index.info();
    Identity {
        model: info.model.name.clone(),
        weights_sha256: info.model.weights_sha256.clone(),
        dim: info.model.dim,
        fields: info.fields.iter().map(|field| field.name.clone()).collect(),
    }
}

/// What is found for each vector of a search.
fn find(index: &Index<File>, search: &Search<'_>) -> Result<Vec<Found>, StoreError> {
    let queries: Vec<Query> = search.vectors.iter().map(|vector| Query::new(vector)).collect::<Result<_, _>>()?;
    // The best one is always found, also where none is asked for: a response states how far it is.
    let top_k = search.top_k.max(1);
    if search.filter.is_empty() {
        let hits = index.search_all(search.field, &queries, top_k, None).map_err(failed)?;
        return hits.iter().map(|hits| found(index, search, hits, None)).collect::<Result<_, _>>().map_err(failed);
    }
    let filtered = queries.iter().map(|query| {
        // Rows are shown in their order, each once.
        let kept = RefCell::new(Vec::new());
        let keep = |document: &Document| {
            let matches = document.matches(search.filter);
            kept.borrow_mut().push(matches);
            matches
        };
        let hits = index.search_where(search.field, query, top_k, None, keep)?;
        found(index, search, &hits, Some(&kept.into_inner()))
    });
    filtered.collect::<Result<_, _>>().map_err(failed)
}

#[async_trait(?Send)]
impl Store for IndexFile {
    fn name(&self) -> &'static str {
        "index"
    }

    fn writable(&self) -> Result<(), StoreError> {
        Err(StoreError::ReadOnly(self.name()))
    }

    fn recovery_hint(&self) -> &'static str {
        "build the index file anew"
    }

    async fn open(&self, _identity: &Identity) -> Result<State, StoreError> {
        let index = self.index()?;
        Ok(State { identity: identity(index), documents: index.len(), version: 0 })
    }

    async fn search(&self, own: &Identity, search: &Search<'_>) -> Result<SearchResult, StoreError> {
        let index = self.index()?;
        let identity = identity(index);
        let found = if own.is_comparable(&identity) { find(index, search)? } else { Vec::new() };
        Ok(SearchResult { identity, found })
    }

    async fn existing(&self, _identity: &Identity, _ids: &[&str]) -> Result<Existing, StoreError> {
        Err(StoreError::ReadOnly(self.name()))
    }

    async fn upsert(&self, _identity: &Identity, _entries: &[Entry]) -> Result<usize, StoreError> {
        self.writable().map(|()| 0)
    }

    async fn get(&self, id: &str) -> Result<Option<Record>, StoreError> {
        let index = self.index()?;
        let Some(at) = index.position(id).map_err(failed)? else { return Ok(None) };
        record(index, at).map(Some).map_err(failed)
    }

    async fn page(&self, after: Option<&str>, limit: usize) -> Result<Vec<Record>, StoreError> {
        let (index, ids) = (self.index()?, self.ids()?);
        let first = after.map_or(0, |after| ids.partition_point(|(id, _)| id.as_str() <= after));
        let page = ids[first..].iter().take(limit);
        page.map(|&(_, at)| record(index, at).map_err(failed)).collect()
    }

    async fn delete(&self, _id: &str) -> Result<bool, StoreError> {
        self.writable().map(|()| false)
    }

    async fn reindex(&self, _identity: &Identity, _version: i64, _entries: &[Entry]) -> Result<(), StoreError> {
        self.writable()
    }
}
