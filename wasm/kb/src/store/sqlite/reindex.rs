//! A reindex: vectors of a new identity are made beside the old ones, page by page, and take their place in one step.
//!
//! `minilm_staged` has the new vectors of documents up to `minilm_staging.after`, but for those in `minilm_stale`. Triggers keep that true
//! while others write. So a reindex that was killed goes on where it was, and the last step only has to ask whether anything is left.

use super::db::{Value, integer};
use super::session::{Rows, Session, size};
use super::write::Batch;
use crate::store::{Entry, Identity, Pending, StoreError};

/// Makes what a reindex needs. Each statement can be repeated, and adds to a store of the first version without changing it.
///
/// No `OR IGNORE` and no `OR REPLACE` in triggers: SQLite replaces what they say by what the statement says that fires them.
pub const CREATE: &[&str] = &[
    // The documents up to `after` have vectors of `identity`, in the order of their numbers.
    "CREATE TABLE IF NOT EXISTS minilm_staging (
        one INTEGER PRIMARY KEY CHECK (one = 1),
        identity TEXT NOT NULL,
        after INTEGER NOT NULL
    )",
    // As the columns of `minilm_upsert`.
    "CREATE TABLE IF NOT EXISTS minilm_staged (
        document INTEGER PRIMARY KEY,
        fields TEXT NOT NULL,
        vectors BLOB NOT NULL,
        levels BLOB NOT NULL
    )",
    // Documents up to `after` that have changed since.
    "CREATE TABLE IF NOT EXISTS minilm_stale (document INTEGER PRIMARY KEY)",
    "CREATE TRIGGER IF NOT EXISTS minilm_staging_changed AFTER UPDATE OF identity ON minilm_staging BEGIN
        DELETE FROM minilm_staged;
        DELETE FROM minilm_stale;
    END",
    // The number of a document that was the last one can be given again.
    "CREATE TRIGGER IF NOT EXISTS minilm_document_added AFTER INSERT ON minilm_documents
    WHEN NEW.seq <= (SELECT after FROM minilm_staging) BEGIN
        INSERT INTO minilm_stale (document)
            SELECT NEW.seq WHERE NOT EXISTS (SELECT 1 FROM minilm_stale WHERE document = NEW.seq);
    END",
    "CREATE TRIGGER IF NOT EXISTS minilm_document_changed AFTER UPDATE OF document ON minilm_documents
    WHEN NEW.document <> OLD.document AND NEW.seq <= (SELECT after FROM minilm_staging) BEGIN
        INSERT INTO minilm_stale (document)
            SELECT NEW.seq WHERE NOT EXISTS (SELECT 1 FROM minilm_stale WHERE document = NEW.seq);
    END",
    "CREATE TRIGGER IF NOT EXISTS minilm_document_deleted AFTER DELETE ON minilm_documents BEGIN
        DELETE FROM minilm_staged WHERE document = OLD.seq;
        DELETE FROM minilm_stale WHERE document = OLD.seq;
    END",
    // A page: `document` is the text to which the vectors belong.
    "CREATE VIEW IF NOT EXISTS minilm_stage AS
        SELECT '' AS identity, 0 AS seq, '' AS document, '' AS fields, x'' AS vectors, x'' AS levels",
    "CREATE TRIGGER IF NOT EXISTS minilm_stage_row INSTEAD OF INSERT ON minilm_stage BEGIN
        SELECT RAISE(ABORT, 'minilm: the store has changed')
            WHERE NEW.identity IS NOT (SELECT identity FROM minilm_staging);
        DELETE FROM minilm_staged WHERE document = NEW.seq;
        INSERT INTO minilm_staged (document, fields, vectors, levels)
            SELECT seq, NEW.fields, NEW.vectors, NEW.levels FROM minilm_documents WHERE seq = NEW.seq;
        DELETE FROM minilm_stale WHERE document = NEW.seq;
        INSERT INTO minilm_stale (document)
            SELECT seq FROM minilm_documents WHERE seq = NEW.seq AND document <> NEW.document;
        UPDATE minilm_staging SET after = max(after, NEW.seq);
    END",
    "CREATE VIEW IF NOT EXISTS minilm_switch AS SELECT '' AS identity",
    "CREATE TRIGGER IF NOT EXISTS minilm_switch_row INSTEAD OF INSERT ON minilm_switch BEGIN
        SELECT RAISE(ABORT, 'minilm: the store has changed')
            WHERE NEW.identity IS NOT (SELECT identity FROM minilm_staging)
                OR EXISTS (SELECT 1 FROM minilm_stale)
                OR EXISTS (SELECT 1 FROM minilm_documents WHERE seq > (SELECT after FROM minilm_staging));
        UPDATE minilm_documents SET vectors = (SELECT s.vectors FROM minilm_staged s WHERE s.document = seq);
        DELETE FROM minilm_quantized;
        INSERT INTO minilm_quantized (field, document, position, norm, levels)
            SELECT f.value ->> 0, s.document, f.key, f.value ->> 1,
                substr(s.levels, f.key * (length(s.levels) / json_array_length(s.fields)) + 1,
                    length(s.levels) / json_array_length(s.fields))
            FROM minilm_staged s, json_each(s.fields) f;
        DELETE FROM minilm_staged;
        DELETE FROM minilm_staging;
        UPDATE minilm_meta SET version = version + 1, identity = NEW.identity, model = NEW.identity ->> 'model',
            weights_sha256 = NEW.identity ->> 'weights_sha256';
    END",
    // Of the first version, which did all in one step. Its trigger goes with it.
    "DROP VIEW IF EXISTS minilm_reindex",
];

/// Parameters: identity. What was made for another one is dropped.
const BEGIN: &str = "INSERT INTO minilm_staging (one, identity, after) VALUES (1, ?1, 0)
    ON CONFLICT (one) DO UPDATE SET identity = excluded.identity, after = excluded.after
    WHERE minilm_staging.identity <> excluded.identity";

/// Parameters: a limit, most bytes. Gives number, id and document of the next documents without new vectors. Behind the first, the
/// document is `NULL` where those up to it have more bytes. The row of `minilm_meta` has the identity of the new vectors.
const PENDING: &str = "SELECT NULL, format_version, (SELECT identity FROM minilm_staging) FROM minilm_meta
    UNION ALL
    SELECT seq, id, CASE WHEN total = bytes OR total <= ?2 THEN (
        SELECT document FROM minilm_documents d WHERE d.seq = sized.seq
    ) END FROM (
        SELECT seq, id, bytes, sum(bytes) OVER (ORDER BY seq) AS total FROM (
            SELECT d.seq, d.id, length(CAST(d.document AS BLOB)) AS bytes FROM (
                SELECT * FROM (
                    SELECT seq FROM minilm_documents WHERE seq > (SELECT after FROM minilm_staging)
                    ORDER BY seq LIMIT ?1
                )
                UNION ALL
                SELECT * FROM (
                    SELECT document FROM minilm_stale WHERE NOT EXISTS (
                        SELECT 1 FROM minilm_documents WHERE seq > (SELECT after FROM minilm_staging)
                    ) ORDER BY document LIMIT ?1
                )
            ) next CROSS JOIN minilm_documents d ON d.seq = next.seq
        )
    ) sized";

/// How many documents have no new vectors. The `+` has SQLite count along the ids, which are less to read than the documents.
const REMAINING: &str = "SELECT (SELECT count(*) FROM minilm_documents WHERE +seq > (SELECT after FROM minilm_staging))
    + (SELECT count(*) FROM minilm_stale)";

/// Parameters: identity; an array of [number, document, first vector, [[name, norm], …]]; all vectors as floats, quantized; bytes of a
/// vector as floats, quantized.
const STAGE: &str = "INSERT INTO minilm_stage (identity, seq, document, fields, vectors, levels)
    SELECT ?1, value ->> 0, value ->> 1, value -> 3,
        coalesce(substr(?3, (value ->> 2) * ?5 + 1, json_array_length(value, '$[3]') * ?5), x''),
        coalesce(substr(?4, (value ->> 2) * ?6 + 1, json_array_length(value, '$[3]') * ?6), x'')
    FROM json_each(?2)";

/// Parameters: identity.
const SWITCH: &str = "INSERT INTO minilm_switch (identity) VALUES (?1)";

/// Begins a reindex, or goes on with the one that has begun for this identity.
pub async fn begin(session: &Session, identity: &Identity) -> Result<(), StoreError> {
    session.run(BEGIN, vec![Value::Text(identity.to_text()?)]).await.map(drop)
}

/// The next documents without new vectors.
pub async fn pending(
    session: &Session,
    identity: &Identity,
    limit: usize,
    max_bytes: usize,
) -> Result<Vec<Pending>, StoreError> {
    let number = |number: usize| Value::Integer(i64::try_from(number).unwrap_or(i64::MAX));
    let Some(Rows { mut rows, meta }) = session.read(PENDING, vec![number(limit), number(max_bytes)]).await? else {
        return Err(StoreError::Changed);
    };
    if meta.get(2) != Some(&Value::Text(identity.to_text()?)) {
        return Err(StoreError::Changed);
    }
    // The order of the rows of a UNION is nowhere promised.
    rows.sort_unstable_by_key(|row| integer(row, 0).unwrap_or(i64::MAX));
    let whole = rows.iter_mut().take_while(|row| row.get(2) != Some(&Value::Null));
    whole.map(|row| Ok(Pending { number: integer(row, 0)?, record: super::record(row, 1)? })).collect()
}

/// Keeps the vectors of `entries` for documents that are still as they were read.
pub async fn stage(
    session: &Session,
    identity: &Identity,
    pending: &[Pending],
    entries: &[Entry],
) -> Result<(), StoreError> {
    let bytes = pending.iter().map(|pending| pending.record.document.len()).sum();
    let mut batch = Batch::with_capacity(bytes, entries, identity.dim);
    for (Pending { number, record }, entry) in pending.iter().zip(entries) {
        let (first, fields) = batch.add(&entry.vectors)?;
        batch.push(&(number, &record.document, first, fields))?;
    }
    session.run(STAGE, batch.parameters(identity)?).await.map(drop)
}

/// Puts the new vectors in place of the old ones, and says whether it did: there may be documents without new vectors by now.
pub async fn switch(session: &Session, identity: &Identity) -> Result<bool, StoreError> {
    match session.run(SWITCH, vec![Value::Text(identity.to_text()?)]).await {
        Ok(_) => Ok(true),
        Err(StoreError::Changed) => Ok(false),
        Err(other) => Err(other),
    }
}

/// How many documents have no new vectors.
pub async fn remaining(session: &Session) -> Result<usize, StoreError> {
    let rows = session.run(REMAINING, Vec::new()).await?;
    rows.first().map_or(Ok(0), |row| Ok(size(integer(row, 0)?)))
}
