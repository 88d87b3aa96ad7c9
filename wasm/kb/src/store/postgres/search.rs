//! Search: distance, order, threshold and filter are PostgreSQL's work. One statement answers all vectors of a search, and reads the
//! identity with its rows.

use super::db::{Db, ParameterValue, Row, integer, is_null, real, text, texts};
use super::{filter, schema, vector_text};
use crate::store::{Found, Identity, Match, Record, Search, SearchResult, StoreError};

/// Rows that a search in the graph finds where nothing is set, and at most.
const DEFAULT_EF_SEARCH: usize = 40;
const MAX_EF_SEARCH: usize = 1000;

/// Searches for vectors of `own`; `None` where the store is not complete, or of a version before.
pub async fn search(db: &Db, own: &Identity, search: &Search<'_>) -> Result<Option<SearchResult>, StoreError> {
    let top_k = search.top_k.max(1);
    if (DEFAULT_EF_SEARCH + 1..=MAX_EF_SEARCH).contains(&top_k) {
        let rows = ParameterValue::Str(top_k.to_string());
        db.run("SELECT set_config('hnsw.ef_search', $1::text, false)", vec![rows]).await?;
    }
    let limit = i64::try_from(top_k).unwrap_or(i64::MAX);
    let vectors: Vec<String> = search.vectors.iter().map(|vector| vector_text(vector)).collect();
    let mut parameters = vec![
        texts(vectors.iter().map(String::as_str)),
        ParameterValue::Int64(limit),
        ParameterValue::Floating64(search.threshold.map_or(f64::NEG_INFINITY, f64::from)),
        ParameterValue::Int64(i64::try_from(search.budget.max_response_bytes).unwrap_or(i64::MAX)),
    ];
    let filter = search.filter.map(|search| filter::condition(search, &mut parameters));
    let Some(rows) = db.try_rows(&statement(own, search, filter.as_deref(), top_k), parameters).await? else {
        return Ok(None);
    };
    let Some(first) = rows.first() else { return Ok(None) };
    if schema::FORMATS.is_old(integer(first, 0)?)? {
        return Ok(None);
    }
    let identity = Identity::from_text(text(first, 1)?)?;
    if !own.is_comparable(&identity) {
        return Ok(Some(SearchResult { identity, found: Vec::new() }));
    }
    let mut found = vec![Found::default(); search.vectors.len()];
    for row in &rows {
        read(row, search, &mut found)?;
    }
    Ok(Some(SearchResult { identity, found }))
}

/// Puts a row into what was found for its vector.
fn read(row: &Row, search: &Search<'_>, found: &mut [Found]) -> Result<(), StoreError> {
    let damaged = || StoreError::Damaged("a row that was not asked for".to_owned());
    let number = usize::try_from(integer(row, 2)?).ok().and_then(|number| number.checked_sub(1));
    let found = number.and_then(|number| found.get_mut(number)).ok_or_else(damaged)?;
    found.searched = usize::try_from(integer(row, 3)?).unwrap_or(0);
    // A vector for which there is nothing has a row as well, for the count.
    let Some(score) = real(row, 4)? else { return Ok(()) };
    found.best = Some(found.best.map_or(score, |best| best.max(score)));
    if search.reaches(score) && found.matches.len() < search.top_k {
        if is_null(row, 6) {
            search.budget.check_response(usize::try_from(integer(row, 8)?).unwrap_or(usize::MAX))?;
        }
        let record = Record { id: text(row, 5)?.to_owned(), document: text(row, 6)?.to_owned() };
        found.matches.push(Match { index: usize::try_from(integer(row, 7)?).unwrap_or(0), score, record });
    }
    Ok(())
}

/// Parameters: vectors; most rows of each; least cosine; most bytes of all documents; those of `filter`, the condition of the documents that are searched.
///
/// Gives format version, identity, number of the vector from 1, documents that were searched, score, id, document, position, and the bytes
/// of the documents of this and all matches before. The document is `NULL` where these are too many, or where it is no match. Vectors of
/// another width could not be compared at all, so they are not read: PostgreSQL evaluates that condition, which depends on no row, first.
fn statement(own: &Identity, search: &Search<'_>, filter: Option<&str>, top_k: usize) -> String {
    let (dim, positions) = (own.dim, search.positions);
    // Written out, as the graph is only of the rows with that name. It is one of the settings, so it has no quotes.
    let field = search.field;
    let condition = format!("v.field = '{field}' AND v.embedding IS NOT NULL AND (SELECT dim FROM meta) = {dim}");
    let distance = format!("v.embedding::vector({dim}) <=> q.vector::vector({dim})");
    // The graph knows no filter, and might find nothing that passes it. So what is filtered is looked at row by row, and counted there.
    let (nearest, searched, position) = if filter.is_none() && top_k <= MAX_EF_SEARCH {
        let searched = format!("(SELECT coalesce(sum(vectors), 0)::bigint FROM minilm_counts WHERE field = '{field}')");
        let position = format!(
            "(SELECT coalesce(sum(c.vectors), 0)::bigint FROM minilm_counts c
                WHERE c.field = '{field}' AND c.block < n.document >> {block})
            + (SELECT count(*) FROM minilm_vectors v WHERE v.field = '{field}' AND v.embedding IS NOT NULL
                AND v.document >= (n.document >> {block}) << {block} AND v.document < n.document)",
            block = schema::BLOCK_BITS
        );
        let nearest = format!(
            "SELECT v.document, 1 - ({distance}) AS score, NULL::bigint AS searched, NULL::bigint AS position
            FROM minilm_vectors v WHERE {condition} ORDER BY {distance} LIMIT $2::bigint"
        );
        (nearest, searched, position)
    } else {
        let (join, filter) = match filter {
            None => ("", String::new()),
            Some(filter) => ("JOIN minilm_documents f ON f.seq = v.document", format!("AND {filter}")),
        };
        let nearest = format!(
            "SELECT v.document, 1 - ({distance}) AS score, count(*) OVER () AS searched,
                row_number() OVER (ORDER BY v.document) - 1 AS position
            FROM minilm_vectors v {join} WHERE {condition} {filter} ORDER BY 2 DESC, 1 LIMIT $2::bigint"
        );
        (nearest, "coalesce(n.searched, 0)".to_owned(), "n.position".to_owned())
    };
    let position = if positions { position } else { "0::bigint".to_owned() };
    format!(
        "WITH meta AS MATERIALIZED (SELECT format_version, identity, (identity::jsonb ->> 'dim')::integer AS dim
            FROM minilm_meta),
        queries AS (SELECT number, vector FROM unnest($1::text[]) WITH ORDINALITY AS q (vector, number)),
        nearest AS MATERIALIZED (
            SELECT q.number, h.*, max(h.score) OVER (PARTITION BY q.number) AS best
            FROM queries q CROSS JOIN LATERAL ({nearest}) h
        ),
        sized AS MATERIALIZED (
            SELECT n.number, n.document, (sum(octet_length(f.document))
                OVER (ORDER BY n.number, n.score DESC, n.document))::bigint AS total
            FROM nearest n JOIN minilm_documents f ON f.seq = n.document
            WHERE n.score::real >= $3::float8::real
        ),
        -- Here and not below, so that `minilm_meta` is the first table that is locked (`reindex.rs`).
        documents AS NOT MATERIALIZED (SELECT seq, id, document FROM minilm_documents)
        SELECT m.format_version, m.identity, q.number, {searched}, n.score, d.id,
            CASE WHEN s.total <= $4::bigint THEN d.document END, {position}, s.total
        FROM meta m CROSS JOIN queries q
        LEFT JOIN nearest n ON n.number = q.number AND (n.score >= $3::float8 OR n.score = n.best)
        LEFT JOIN sized s ON s.number = n.number AND s.document = n.document
        LEFT JOIN documents d ON d.seq = n.document
        ORDER BY q.number, n.score DESC, n.document"
    )
}
