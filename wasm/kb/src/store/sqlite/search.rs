//! Search: the integers of all rows are read and scanned here, the floats only of what may be among the best.

use minilm::index::{Hit, Query, Rows as IndexRows, Scan, best};

use super::db::{Row, Value, floats, integer, text};
use super::schema::FORMATS;
use super::session::{Rows, Session, size};
use super::{filter, schema};
use crate::store::{Found, Identity, Match, Record, Search, SearchResult, StoreError};

/// How often a search begins anew because the vectors were computed anew meanwhile.
const TRIES: usize = 3;

/// Bytes before the integers of a row.
const HEAD: usize = schema::LEVELS_HEAD as usize;

/// Rows in one row of an answer: a host hands rows over one by one, which costs more than what is in them.
const PAGE: usize = 8192;

/// Searches over one page after which others get their turn: some milliseconds.
const SCANS_PER_PAUSE: usize = 8;

/// Some rows of a field, one behind the other.
#[derive(Default)]
struct Block {
    documents: Vec<i64>,
    values: Vec<i8>,
    scales: Vec<f32>,
    errors: Vec<f32>,
}

impl Block {
    /// Documents as numbers with commas between, and their rows in hexadecimal digits.
    fn read(documents: &str, levels: &str, dim: usize) -> Result<Self, StoreError> {
        let damaged = || StoreError::Damaged("rows of vectors that do not fit together".to_owned());
        let numbers = documents.split(',').filter(|number| !number.is_empty()).map(str::parse);
        let documents: Vec<i64> = numbers.collect::<Result<_, _>>().map_err(|_| damaged())?;
        let row = HEAD + dim;
        if levels.len() != documents.len() * row * 2 {
            return Err(damaged());
        }
        let bytes: Vec<u8> =
            levels.as_bytes().chunks_exact(2).map(|pair| (digit(pair[0]) << 4) | digit(pair[1])).collect();
        let mut block = Self { values: Vec::with_capacity(documents.len() * dim), documents, ..Self::default() };
        for row in bytes.chunks_exact(row) {
            let (head, values) = row.split_at(HEAD);
            block.scales.push(f32::from_le_bytes([head[0], head[1], head[2], head[3]]));
            block.errors.push(f32::from_le_bytes([head[4], head[5], head[6], head[7]]));
            block.values.extend_from_slice(bytemuck::cast_slice(values));
        }
        Ok(block)
    }

    fn rows(&self) -> IndexRows<'_> {
        IndexRows { values: &self.values, scales: &self.scales, errors: &self.errors }
    }
}

/// The value of a hexadecimal digit, without a branch: SQLite writes no other characters.
fn digit(character: u8) -> u8 {
    (character & 15) + 9 * (character >> 6)
}

/// What all statements of a search have seen, or that they have not seen the same.
enum Attempt {
    Done(SearchResult),
    /// The store is not complete yet, or of the version before.
    Missing,
    /// The vectors were computed anew between two statements.
    Changed,
}

/// Searches for vectors of `identity`.
///
/// Each statement reads the identity with its rows. Two statements belong together where that is the same.
pub async fn search(session: &Session, identity: &Identity, search: &Search<'_>) -> Result<SearchResult, StoreError> {
    for _ in 0..TRIES {
        match attempt(session, identity, search).await? {
            Attempt::Done(result) => return Ok(result),
            Attempt::Missing => session.create(identity).await?,
            Attempt::Changed => {}
        }
    }
    Err(StoreError::Changed)
}

async fn attempt(session: &Session, own: &Identity, search: &Search<'_>) -> Result<Attempt, StoreError> {
    let queries: Vec<Query> = search.vectors.iter().map(|vector| Query::new(vector)).collect::<Result<_, _>>()?;
    // The best one is always found, also where none is asked for: a response states how far it is.
    let top_k = search.top_k.max(1);
    let mut scans: Vec<Scan<'_>> = queries.iter().map(|query| Scan::new(query, top_k)).collect();
    let mut documents: Vec<i64> = Vec::new();
    let mut seen: Option<(String, Identity)> = None;
    loop {
        let Some(page) = page(session, search, documents.last().copied()).await? else { return Ok(Attempt::Missing) };
        match &seen {
            Some((text, _)) if *text != page.identity => return Ok(Attempt::Changed),
            Some(_) => {}
            None => {
                let identity = Identity::from_text(&page.identity)?;
                if !own.is_comparable(&identity) {
                    return Ok(Attempt::Done(SearchResult { identity, found: Vec::new() }));
                }
                seen = Some((page.identity, identity));
            }
        }
        let block = Block::read(&page.documents, &page.levels, own.dim)?;
        for some in scans.chunks_mut(SCANS_PER_PAUSE) {
            for scan in some {
                scan.rows(documents.len(), block.rows())?;
            }
            search.budget.pause(|| paused(search)).await?;
        }
        documents.extend(&block.documents);
        if block.documents.len() < PAGE {
            break;
        }
    }
    let Some((identity_text, identity)) = seen else { return Ok(Attempt::Missing) };
    let candidates: Vec<Vec<usize>> = scans.into_iter().map(Scan::candidates).collect();
    let mut wanted = candidates.concat();
    wanted.sort_unstable();
    wanted.dedup();
    let read = async |wanted: &[usize]| match wanted.is_empty() {
        true => Ok(Some(Vec::new())),
        false => exact(session, search, &documents, wanted, &identity_text).await,
    };
    let Some(mut rows) = read(&wanted).await? else { return Ok(Attempt::Changed) };
    let hits = |rows: &[Exact]| -> Vec<Vec<Hit>> {
        let hits = queries.iter().zip(&candidates).map(|(query, candidates)| {
            // What another request has dropped in between is not there.
            let scored = candidates
                .iter()
                .filter_map(|&index| Some(Hit { index, score: query.score(&Exact::at(rows, index)?.vector) }));
            best(scored.collect(), top_k, None)
        });
        hits.collect()
    };
    let is_match = |hit: &&Hit| search.reaches(hit.score);
    let mut found = hits(&rows);
    let matches = || found.iter().flat_map(|hits| hits.iter().take(search.top_k).filter(is_match));
    search.budget.check_response(matches().filter_map(|hit| Some(Exact::at(&rows, hit.index)?.bytes)).sum())?;
    // There was no room for all candidates, and there is for the matches alone.
    if matches().any(|hit| Exact::at(&rows, hit.index).is_some_and(Exact::is_without_document)) {
        let mut wanted: Vec<usize> = matches().map(|hit| hit.index).collect();
        wanted.sort_unstable();
        wanted.dedup();
        match read(&wanted).await? {
            Some(read) if !read.iter().any(Exact::is_without_document) => rows = read,
            _ => return Ok(Attempt::Changed),
        }
        found = hits(&rows);
    }
    let found = found.iter().map(|hits| {
        let matches = hits.iter().take(search.top_k).filter(is_match).filter_map(|hit| {
            let exact = Exact::at(&rows, hit.index)?;
            Some(exact.record().map(|record| Match { index: hit.index, score: hit.score, record }))
        });
        Ok(Found {
            searched: documents.len(),
            best: hits.first().map(|hit| hit.score),
            matches: matches.collect::<Result<_, _>>()?,
        })
    });
    Ok(Attempt::Done(SearchResult { identity, found: found.collect::<Result<_, StoreError>>()? }))
}

/// What a search has done when its time is over.
fn paused(search: &Search<'_>) -> String {
    format!("searching for {} questions", search.vectors.len())
}

/// Some rows of a field as the database puts them together, and the identity to which they belong.
struct Page {
    identity: String,
    documents: String,
    levels: String,
}

/// The next rows of the field, in the order of the documents; `None` where the store is not complete, or of the version before.
async fn page(session: &Session, search: &Search<'_>, after: Option<i64>) -> Result<Option<Page>, StoreError> {
    let mut parameters = vec![search.field.into(), after.unwrap_or(i64::MIN).into(), Value::Integer(PAGE as i64)];
    let (join, condition) = match search.filter {
        None => ("", String::new()),
        Some(filter) => {
            let condition = format!(" AND {}", filter::condition(filter, &mut parameters));
            ("JOIN minilm_documents d ON d.seq = q.document", condition)
        }
    };
    let statement = format!(
        "SELECT (SELECT format_version FROM minilm_meta), (SELECT identity FROM minilm_meta),
            coalesce(group_concat(document, ','), ''), coalesce(group_concat(hex(levels), ''), '') FROM (
            SELECT q.document, q.levels FROM minilm_quantized q {join}
            WHERE q.field = ?1 AND q.document > ?2{condition} ORDER BY q.document LIMIT ?3
        )"
    );
    let rows = session.try_run(&statement, parameters).await?;
    let Some(row) = rows.and_then(|rows| rows.into_iter().next()).filter(|row| row.first() != Some(&Value::Null))
    else {
        return Ok(None);
    };
    if FORMATS.is_old(integer(&row, 0)?)? {
        return Ok(None);
    }
    let [identity, documents, levels] = [1, 2, 3].map(|column| text(&row, column).map(str::to_owned));
    Ok(Some(Page { identity: identity?, documents: documents?, levels: levels? }))
}

/// A document that may be among the best, and its vector, in floats.
struct Exact {
    index: usize,
    vector: Vec<f32>,
    /// Bytes of the document.
    bytes: usize,
    row: Row,
}

impl Exact {
    /// The one of `rows`, which are in the order of their indices, at `index`.
    fn at(rows: &[Self], index: usize) -> Option<&Self> {
        rows.binary_search_by_key(&index, |row| row.index).ok().map(|at| &rows[at])
    }

    /// Several searches may find it.
    fn record(&self) -> Result<Record, StoreError> {
        Ok(Record { id: text(&self.row, 2)?.to_owned(), document: text(&self.row, 3)?.to_owned() })
    }

    fn is_without_document(&self) -> bool {
        self.row.get(3) == Some(&Value::Null)
    }
}

/// The rows of `documents` that are `wanted`, in the order of their indices; `None` where they belong to another identity by now.
async fn exact(
    session: &Session,
    search: &Search<'_>,
    documents: &[i64],
    wanted: &[usize],
    identity: &str,
) -> Result<Option<Vec<Exact>>, StoreError> {
    let dim = search.vectors.first().map_or(0, |vector| vector.len() as i64);
    let list: Vec<i64> = wanted.iter().map(|&index| documents[index]).collect();
    let list = serde_json::to_string(&list).map_err(|error| StoreError::Damaged(error.to_string()))?;
    let most = i64::try_from(search.budget.max_response_bytes).unwrap_or(i64::MAX);
    let parameters = vec![Value::Text(list), search.field.into(), Value::Integer(4 * dim), Value::Integer(most)];
    let Some(Rows { rows, meta }) = session.read(schema::CANDIDATES, parameters).await? else { return Ok(None) };
    if text(&meta, 2)? != identity {
        return Ok(None);
    }
    let mut exact = Vec::with_capacity(rows.len());
    for row in rows {
        let key = usize::try_from(integer(&row, 0)?).ok().and_then(|key| wanted.get(key));
        let index = *key.ok_or_else(|| StoreError::Damaged("a row that was not asked for".to_owned()))?;
        exact.push(Exact { index, vector: floats(&row, 1)?, bytes: size(integer(&row, 4)?), row });
    }
    exact.sort_unstable_by_key(|exact| exact.index);
    Ok(Some(exact))
}
