//! An index file, read in place: for hosts without a database. It can only be read; the command line tool makes a new one.

use std::fs::File;
use std::sync::OnceLock;

use async_trait::async_trait;
use minilm::index::{Hit, Query};
use minilm_documents::{FileError, INDEX_VERSION, IndexFile as Index};

use super::{
    Entry, Existing, Found, Identity, Match, Page, Pending, Record, Search, SearchResult, State, Store, StoreError,
};

/// Queries that share one pass over the file. Between two passes others get their turn.
const QUERIES_PER_PASS: usize = 16;

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
/// `bytes` is what the documents of all queries have so far.
fn found(
    index: &Index<File>,
    search: &Search<'_>,
    hits: &[Hit],
    kept: Option<&[bool]>,
    bytes: &mut usize,
) -> Result<Found, StoreError> {
    let matches = hits.iter().take(search.top_k).filter(|hit| search.reaches(hit.score)).map(|hit| {
        let row = index.row(search.field, hit.index).map_err(failed)?.unwrap_or(0);
        let place = kept.map_or(row, |kept| kept.iter().take(row).filter(|&&kept| kept).count());
        let record = record(index, hit.index).map_err(failed)?;
        *bytes += record.document.len();
        search.budget.check_response(*bytes)?;
        Ok(Match { index: place, score: hit.score, record })
    });
    let searched = match kept {
        Some(kept) => kept.iter().filter(|&&kept| kept).count(),
        None => index.rows(search.field).map_err(failed)?,
    };
    let matches = matches.collect::<Result<_, StoreError>>()?;
    Ok(Found { searched, best: hits.first().map(|hit| hit.score), matches })
}

/// What the vectors of a file belong to.
fn identity(index: &Index<File>) -> Identity {
    let info = index.info();
    Identity {
        model: info.model.name.clone(),
        model_sha256: info.model.model_sha256.clone(),
        weights_sha256: info.model.weights_sha256.clone(),
        dim: info.model.dim,
        fields: info.fields.iter().map(|field| field.name.clone()).collect(),
    }
}

/// What is found for each vector of a search.
async fn find(index: &Index<File>, search: &Search<'_>) -> Result<Vec<Found>, StoreError> {
    let queries: Vec<Query> = search.vectors.iter().map(|vector| Query::new(vector)).collect::<Result<_, _>>()?;
    // The best one is always found, also where none is asked for: a response states how far it is.
    let top_k = search.top_k.max(1);
    let kept = match search.filter {
        None => None,
        Some(filter) => Some(index.rows_where(search.field, |document| document.matches(filter)).map_err(failed)?),
    };
    let (mut all, mut bytes) = (Vec::with_capacity(queries.len()), 0);
    for some in queries.chunks(QUERIES_PER_PASS) {
        let hits = match &kept {
            None => index.search_all(search.field, some, top_k, None),
            Some(kept) => index.search_rows(search.field, some, top_k, None, kept),
        };
        for hits in &hits.map_err(failed)? {
            all.push(found(index, search, hits, kept.as_deref(), &mut bytes)?);
        }
        search.budget.pause(|| format!("searching for {} of {} questions", all.len(), queries.len())).await?;
    }
    Ok(all)
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
        Ok(State { identity: identity(index), documents: index.len() })
    }

    async fn search(&self, own: &Identity, search: &Search<'_>) -> Result<SearchResult, StoreError> {
        let index = self.index()?;
        let identity = identity(index);
        let found = if own.is_comparable(&identity) { find(index, search).await? } else { Vec::new() };
        Ok(SearchResult { identity, found })
    }

    async fn existing(&self, _identity: &Identity, _ids: &[&str]) -> Result<Existing, StoreError> {
        Err(StoreError::ReadOnly(self.name()))
    }

    async fn upsert(&self, _identity: &Identity, _entries: Vec<Entry>) -> Result<usize, StoreError> {
        self.writable().map(|()| 0)
    }

    async fn get(&self, id: &str) -> Result<Option<Record>, StoreError> {
        let index = self.index()?;
        let Some(at) = index.position(id).map_err(failed)? else { return Ok(None) };
        record(index, at).map(Some).map_err(failed)
    }

    async fn page(&self, after: Option<&str>, limit: usize, max_bytes: usize) -> Result<Page, StoreError> {
        let (index, ids) = (self.index()?, self.ids()?);
        let first = after.map_or(0, |after| ids.partition_point(|(id, _)| id.as_str() <= after));
        let (mut page, mut bytes) = (Page::default(), 0);
        for &(_, at) in ids[first..].iter().take(limit) {
            let record = record(index, at).map_err(failed)?;
            let size = record.document.len();
            bytes += size;
            page.sizes.push(size);
            if page.records.is_empty() || bytes <= max_bytes {
                page.records.push(record);
            }
        }
        Ok(page)
    }

    async fn delete(&self, _id: &str) -> Result<bool, StoreError> {
        self.writable().map(|()| false)
    }

    async fn begin_reindex(&self, _identity: &Identity) -> Result<(), StoreError> {
        self.writable()
    }

    async fn pending(
        &self,
        _identity: &Identity,
        _limit: usize,
        _max_bytes: usize,
    ) -> Result<Vec<Pending>, StoreError> {
        Err(StoreError::ReadOnly(self.name()))
    }

    async fn stage(&self, _identity: &Identity, _pending: &[Pending], _entries: &[Entry]) -> Result<(), StoreError> {
        self.writable()
    }

    async fn switch(&self, _identity: &Identity) -> Result<bool, StoreError> {
        self.writable().map(|()| false)
    }

    async fn remaining(&self) -> Result<usize, StoreError> {
        self.writable().map(|()| 0)
    }
}
