//! Search: distance, order, threshold and filter are PostgreSQL's work.

use serde_json::{Map, Value};

use super::db::{Db, ParameterValue, integer, real, text};
use super::vector_text;
use crate::store::{Found, Match, Record, Search, StoreError};

/// Rows that a walk of the graph finds where nothing is set, and at most.
const WALK: usize = 40;
const LONGEST_WALK: usize = 1000;

pub async fn search(db: &Db, search: &Search<'_>) -> Result<Vec<Found>, StoreError> {
    let top_k = search.top_k.max(1);
    if (WALK + 1..=LONGEST_WALK).contains(&top_k) {
        let walk = ParameterValue::Str(top_k.to_string());
        db.run("SELECT set_config('hnsw.ef_search', $1::text, false)", vec![walk]).await?;
    }
    let searched = searched(db, search).await?;
    let mut found = Vec::with_capacity(search.vectors.len());
    for vector in search.vectors {
        found.push(one(db, search, vector, top_k, searched).await?);
    }
    Ok(found)
}

/// Documents that have the field and pass the filter.
async fn searched(db: &Db, search: &Search<'_>) -> Result<usize, StoreError> {
    let (join, condition) = filtered(search.filter, 2);
    let statement = format!("SELECT count(*) FROM minilm_vectors v {join} WHERE v.field = $1::text AND {condition}");
    let mut parameters = vec![ParameterValue::Str(search.field.to_owned())];
    parameters.extend(filter(search.filter)?);
    let rows = db.run(&statement, parameters).await?;
    rows.first().map_or(Ok(0), |row| Ok(usize::try_from(integer(row, 0)?).unwrap_or(0)))
}

async fn one(db: &Db, search: &Search<'_>, vector: &[f32], top_k: usize, searched: usize) -> Result<Found, StoreError> {
    let (join, condition) = filtered(search.filter, 4);
    // A walk of the graph knows no filter, and might come back with nothing that passes it: so what is filtered is looked at row by
    // row, which the sum asks for.
    let exact = if search.filter.is_empty() && top_k <= LONGEST_WALK { "" } else { " + 0" };
    let (field, dim) = (search.field, vector.len());
    // The name of the field is written out, as the graph is only of the rows with that name. It is one of the settings.
    let statement = format!(
        "WITH nearest AS (
            SELECT v.document, 1 - (v.embedding::vector({dim}) <=> $1::text::vector({dim})) AS score
            FROM minilm_vectors v {join} WHERE v.field = '{field}' AND {condition}
            ORDER BY (v.embedding::vector({dim}) <=> $1::text::vector({dim})){exact} LIMIT $2::bigint
        )
        SELECT d.id, d.document, d.metadata::text, n.score, (
            SELECT count(*) FROM minilm_vectors v {join} WHERE v.field = '{field}' AND {condition} AND v.document < n.document
        ) FROM nearest n JOIN minilm_documents d ON d.seq = n.document
        WHERE n.score >= $3::float8 OR n.score = (SELECT max(score) FROM nearest)
        ORDER BY n.score DESC, n.document"
    );
    let least = search.threshold.map_or(f64::NEG_INFINITY, f64::from);
    let limit = i64::try_from(top_k).unwrap_or(i64::MAX);
    let mut parameters =
        vec![ParameterValue::Str(vector_text(vector)), ParameterValue::Int64(limit), ParameterValue::Floating64(least)];
    parameters.extend(filter(search.filter)?);
    let mut found = Found { searched, ..Found::default() };
    for row in db.run(&statement, parameters).await? {
        let score = real(&row, 3)?;
        found.best = Some(found.best.map_or(score, |best| best.max(score)));
        if f64::from(score) >= least && found.matches.len() < search.top_k {
            let [id, document, metadata] = [0, 1, 2].map(|column| text(&row, column).map(str::to_owned));
            let record = Record { id: id?, document: document?, metadata: metadata? };
            found.matches.push(Match { index: usize::try_from(integer(&row, 4)?).unwrap_or(0), score, record });
        }
    }
    Ok(found)
}

/// The parts of a statement over `minilm_vectors v` that ask for a vector, and for the metadata in parameter `number`.
fn filtered(filter: &Map<String, Value>, number: usize) -> (&'static str, String) {
    let vector = "v.embedding IS NOT NULL";
    if filter.is_empty() {
        return ("", vector.to_owned());
    }
    ("JOIN minilm_documents f ON f.seq = v.document", format!("{vector} AND f.metadata @> ${number}::text::jsonb"))
}

fn filter(filter: &Map<String, Value>) -> Result<Option<ParameterValue>, StoreError> {
    let text = || serde_json::to_string(filter).map_err(|error| StoreError::Document(error.to_string()));
    if filter.is_empty() { Ok(None) } else { Ok(Some(ParameterValue::Str(text()?))) }
}
