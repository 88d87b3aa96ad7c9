//! Search: the integers of all rows are read and scanned here, the floats only of what may be among the best.

use minilm::index::{Hit, Query, Rows, Scan, best};

use super::db::{Db, RowResult, Value, blob, integer, text};
use super::{filter, floats, record};
use crate::store::{Found, Match, Search, StoreError};

/// Bytes of scale and error before the integers of a row.
pub const HEAD: i64 = 8;

/// Rows in one row of an answer: a host hands rows over one by one, which costs more than what is in them.
const PAGE: usize = 8192;

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
        let row = HEAD as usize + dim;
        if levels.len() != documents.len() * row * 2 {
            return Err(damaged());
        }
        let bytes: Vec<u8> =
            levels.as_bytes().chunks_exact(2).map(|pair| (digit(pair[0]) << 4) | digit(pair[1])).collect();
        let mut block = Self { values: Vec::with_capacity(documents.len() * dim), documents, ..Self::default() };
        for row in bytes.chunks_exact(row) {
            let (head, values) = row.split_at(HEAD as usize);
            block.scales.push(f32::from_le_bytes([head[0], head[1], head[2], head[3]]));
            block.errors.push(f32::from_le_bytes([head[4], head[5], head[6], head[7]]));
            block.values.extend_from_slice(bytemuck::cast_slice(values));
        }
        Ok(block)
    }

    fn rows(&self) -> Rows<'_> {
        Rows { values: &self.values, scales: &self.scales, errors: &self.errors }
    }
}

/// The value of a hexadecimal digit, without a branch: SQLite writes no other characters.
fn digit(character: u8) -> u8 {
    (character & 15) + 9 * (character >> 6)
}

pub async fn search(db: &Db, search: &Search<'_>) -> Result<Vec<Found>, StoreError> {
    let queries: Vec<Query> = search.vectors.iter().map(|vector| Query::new(vector)).collect::<Result<_, _>>()?;
    // The best one is always found, also where none is asked for: an answer tells how far it is.
    let top_k = search.top_k.max(1);
    let mut scans: Vec<Scan<'_>> = queries.iter().map(|query| Scan::new(query, top_k)).collect();
    let mut documents: Vec<i64> = Vec::new();
    loop {
        let block = page(db, search, documents.last().copied(), queries.first().map_or(0, Query::dim)).await?;
        for scan in &mut scans {
            scan.rows(documents.len(), block.rows())?;
        }
        documents.extend(&block.documents);
        if block.documents.len() < PAGE {
            break;
        }
    }
    let candidates: Vec<Vec<usize>> = scans.into_iter().map(Scan::candidates).collect();
    let mut wanted = candidates.concat();
    wanted.sort_unstable();
    wanted.dedup();
    let rows = exact(db, search, &documents, &wanted).await?;
    let found = queries.iter().zip(&candidates).map(|(query, candidates)| {
        let hits = candidates.iter().filter_map(|&index| {
            // What another request has dropped in between is not there.
            let at = rows.binary_search_by_key(&index, |row| row.index).ok()?;
            Some(Hit { index, score: query.score(&rows[at].vector) })
        });
        let hits = best(hits.collect(), top_k, None);
        let reach = |hit: &&Hit| search.threshold.is_none_or(|threshold| hit.score >= threshold);
        let matches = hits.iter().take(search.top_k).filter(reach).filter_map(|hit| {
            let at = rows.binary_search_by_key(&hit.index, |row| row.index).ok()?;
            Some(record(&rows[at].row, 2).map(|record| Match { index: hit.index, score: hit.score, record }))
        });
        Ok(Found {
            searched: documents.len(),
            best: hits.first().map(|hit| hit.score),
            matches: matches.collect::<Result<_, _>>()?,
        })
    });
    found.collect()
}

/// The next rows of the field, in the order of the documents.
async fn page(db: &Db, search: &Search<'_>, after: Option<i64>, dim: usize) -> Result<Block, StoreError> {
    let mut parameters = vec![search.field.into(), after.unwrap_or(i64::MIN).into(), Value::Integer(PAGE as i64)];
    let (join, conditions) = if search.filter.is_empty() {
        ("", String::new())
    } else {
        ("JOIN minilm_documents d ON d.seq = q.document", filter::conditions(search.filter, &mut parameters))
    };
    let statement = format!(
        "SELECT coalesce(group_concat(document, ','), ''), coalesce(group_concat(hex(levels), ''), '') FROM (
            SELECT q.document, q.levels FROM minilm_quantized q {join}
            WHERE q.field = ?1 AND q.document > ?2{conditions} ORDER BY q.document LIMIT ?3
        )"
    );
    let rows = db.run(&statement, parameters).await?;
    rows.first().map_or(Ok(Block::default()), |row| Block::read(text(row, 0)?, text(row, 1)?, dim))
}

/// A document that may be among the best, and its vector, in floats.
struct Exact {
    index: usize,
    vector: Vec<f32>,
    row: RowResult,
}

/// The rows of `documents` that are `wanted`, in the order of their indices. Vector and document are read by one statement, so that
/// they belong to each other.
async fn exact(db: &Db, search: &Search<'_>, documents: &[i64], wanted: &[usize]) -> Result<Vec<Exact>, StoreError> {
    let (field, dim) = (search.field, search.vectors.first().map_or(0, |vector| vector.len() as i64));
    let list: Vec<i64> = wanted.iter().map(|&index| documents[index]).collect();
    let list = serde_json::to_string(&list).map_err(|error| StoreError::Damaged(error.to_string()))?;
    let statement = "SELECT c.key, substr(d.vectors, q.position * ?3 + 1, ?3),
            d.id, d.document, d.metadata
        FROM json_each(?1) c
        CROSS JOIN minilm_quantized q ON q.field = ?2 AND q.document = c.value
        CROSS JOIN minilm_documents d ON d.seq = q.document";
    let rows = db.run(statement, vec![Value::Text(list), field.into(), Value::Integer(4 * dim)]).await?;
    let mut exact = Vec::with_capacity(rows.len());
    for row in rows {
        let key = usize::try_from(integer(&row, 0)?).ok().and_then(|key| wanted.get(key));
        let index = *key.ok_or_else(|| StoreError::Damaged("a row that was not asked for".to_owned()))?;
        let vector = floats(blob(&row, 1)?);
        exact.push(Exact { index, vector, row });
    }
    exact.sort_unstable_by_key(|exact| exact.index);
    Ok(exact)
}
