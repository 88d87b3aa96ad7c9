//! A reindex: vectors of a new identity are made in a table of their own, page by page. When all documents have one, graphs are made over
//! them, and that table takes the place of the old one.
//!
//! `minilm_staged` has the new vectors of documents up to `minilm_staging.after`, but for those in `minilm_stale`. A trigger keeps that true
//! while others write. So a reindex that was killed goes on where it was, and the last step only has to ask whether anything is left.
//!
//! What compares with `after` is a function, in which each statement sees what others have committed: in a single statement that has waited
//! for the lock of `minilm_meta`, it would be the `after` from before.

use super::db::{Db, ParameterValue, integer, is_null, take_meta, text, texts};
use super::{graphs, literal, record, schema, vectors};
use crate::store::{Entry, Identity, Pending, StoreError};

/// Makes what a reindex needs. `{block}` is `BLOCK_BITS`; `{triggers}` and `{counts}` are those of `schema.rs`.
pub const CREATE: &str = "
    CREATE TABLE IF NOT EXISTS minilm_staging (
        one boolean PRIMARY KEY DEFAULT true CHECK (one),
        identity text NOT NULL,
        after bigint NOT NULL
    );
    CREATE TABLE IF NOT EXISTS minilm_stale (
        document bigint PRIMARY KEY REFERENCES minilm_documents (seq) ON DELETE CASCADE
    );
    -- A new document has a number beyond all others: writers come one after the other.
    CREATE OR REPLACE FUNCTION minilm_changed() RETURNS trigger LANGUAGE plpgsql AS $changed$ BEGIN
        INSERT INTO minilm_stale (document)
        SELECT n.seq FROM now n JOIN before b USING (seq)
        WHERE n.document <> b.document AND n.seq <= (SELECT after FROM minilm_staging)
        ON CONFLICT DO NOTHING;
        RETURN NULL;
    END $changed$;
    CREATE OR REPLACE TRIGGER minilm_document_changed AFTER UPDATE ON minilm_documents
        REFERENCING OLD TABLE AS before NEW TABLE AS now FOR EACH STATEMENT EXECUTE FUNCTION minilm_changed();
    CREATE OR REPLACE FUNCTION minilm_begin(new_identity text) RETURNS void LANGUAGE plpgsql AS $begin$ BEGIN
        PERFORM one FROM minilm_meta FOR UPDATE;
        IF EXISTS (SELECT 1 FROM minilm_staging WHERE identity = new_identity) THEN
            RETURN;
        END IF;
        DROP TABLE IF EXISTS minilm_staged;
        CREATE TABLE minilm_staged (
            field text NOT NULL,
            document bigint NOT NULL REFERENCES minilm_documents (seq) ON DELETE CASCADE,
            embedding vector,
            PRIMARY KEY (field, document)
        );
        CREATE INDEX minilm_staged_document ON minilm_staged (document);
        DELETE FROM minilm_stale;
        DELETE FROM minilm_staging;
        INSERT INTO minilm_staging (identity, after) VALUES (new_identity, 0);
    END $begin$;
    -- `numbers` and `documents` are what was read; `vector_numbers`, `fields` and `vectors` have a row for every field of each.
    CREATE OR REPLACE FUNCTION minilm_stage(new_identity text, numbers bigint[], documents text[],
        vector_numbers bigint[], fields text[], vectors text[]) RETURNS boolean LANGUAGE plpgsql AS $stage$ BEGIN
        PERFORM one FROM minilm_meta FOR UPDATE;
        IF NOT EXISTS (SELECT 1 FROM minilm_staging WHERE identity = new_identity) THEN
            RETURN false;
        END IF;
        INSERT INTO minilm_staged (field, document, embedding)
        SELECT v.field, d.seq, v.embedding::vector
        FROM unnest(vector_numbers, fields, vectors) AS v (seq, field, embedding) JOIN minilm_documents d USING (seq)
        ON CONFLICT (field, document) DO UPDATE SET embedding = excluded.embedding;
        DELETE FROM minilm_stale WHERE document = ANY (numbers);
        INSERT INTO minilm_stale (document)
        SELECT d.seq FROM unnest(numbers, documents) AS r (seq, document) JOIN minilm_documents d USING (seq)
        WHERE d.document <> r.document;
        UPDATE minilm_staging SET after = greatest(after, (SELECT max(seq) FROM unnest(numbers) AS r (seq)));
        RETURN true;
    END $stage$;
    CREATE OR REPLACE FUNCTION minilm_switch(new_identity text) RETURNS boolean LANGUAGE plpgsql AS $switch$
    DECLARE
        graph record;
    BEGIN
        -- Every statement locks this table before any other, so none of them holds a table that is needed below.
        LOCK TABLE minilm_meta IN ACCESS EXCLUSIVE MODE;
        IF NOT EXISTS (SELECT 1 FROM minilm_staging WHERE identity = new_identity)
            OR EXISTS (SELECT 1 FROM minilm_stale)
            OR EXISTS (SELECT 1 FROM minilm_documents WHERE seq > (SELECT after FROM minilm_staging)) THEN
            RETURN false;
        END IF;
        DROP TABLE minilm_vectors;
        ALTER TABLE minilm_staged RENAME TO minilm_vectors;
        ALTER TABLE minilm_vectors RENAME CONSTRAINT minilm_staged_document_fkey TO minilm_vectors_document_fkey;
        -- The graphs of the new vectors are called `minilm_staged_hnsw_…` until now.
        FOR graph IN SELECT indexname AS name FROM pg_indexes
            WHERE schemaname = current_schema() AND tablename = 'minilm_vectors' LOOP
            EXECUTE format('ALTER INDEX %I RENAME TO %I', graph.name,
                replace(replace(graph.name, 'minilm_staged_hnsw_', 'minilm_hnsw_'), 'minilm_staged_', 'minilm_vectors_'));
        END LOOP;
        {triggers}
        DELETE FROM minilm_counts;
        {counts}
        DELETE FROM minilm_staging;
        UPDATE minilm_meta SET identity = new_identity, version = version + 1;
        RETURN true;
    END $switch$;";

/// Parameters: a limit, most bytes. Gives number, id and document of the next documents without new vectors. Behind the first, the
/// document is `NULL` where those up to it have more bytes. The row without a number has the format version and the identity of the new
/// vectors.
const PENDING: &str =
    "SELECT NULL::bigint, format_version::text, (SELECT identity FROM minilm_staging) FROM minilm_meta
    UNION ALL
    SELECT seq, id, CASE WHEN total = bytes OR total <= $2::bigint THEN document END FROM (
        SELECT seq, id, document, bytes, (sum(bytes) OVER (ORDER BY seq))::bigint AS total FROM (
            SELECT d.seq, d.id, d.document, octet_length(d.document)::bigint AS bytes FROM (
                (SELECT seq FROM minilm_documents WHERE seq > (SELECT after FROM minilm_staging)
                    ORDER BY seq LIMIT $1::bigint)
                UNION ALL
                (SELECT document FROM minilm_stale WHERE NOT EXISTS (
                    SELECT 1 FROM minilm_documents WHERE seq > (SELECT after FROM minilm_staging)
                ) ORDER BY document LIMIT $1::bigint)
            ) next JOIN minilm_documents d USING (seq)
        ) page
    ) sized";

const REMAINING: &str = "SELECT (SELECT count(*) FROM minilm_documents WHERE seq > (SELECT after FROM minilm_staging))
    + (SELECT count(*) FROM minilm_stale)";

fn numbers(numbers: impl IntoIterator<Item = i64>) -> ParameterValue {
    ParameterValue::ArrayInt64(numbers.into_iter().map(Some).collect())
}

/// Begins a reindex, or goes on with the one that has begun for this identity.
pub async fn begin(db: &Db, identity: &Identity) -> Result<(), StoreError> {
    db.run("SELECT minilm_begin($1::text)::text", vec![ParameterValue::Str(identity.to_text()?)]).await.map(drop)
}

/// The next documents without new vectors.
pub async fn pending(db: &Db, identity: &Identity, limit: usize, max_bytes: usize) -> Result<Vec<Pending>, StoreError> {
    let number = |number: usize| ParameterValue::Int64(i64::try_from(number).unwrap_or(i64::MAX));
    let mut rows = db.run(PENDING, vec![number(limit), number(max_bytes)]).await?;
    let own = identity.to_text()?;
    match take_meta(&mut rows)? {
        Some(meta) if !is_null(&meta, 2) && text(&meta, 2)? == own => {}
        _ => return Err(StoreError::Changed),
    }
    // The order of the rows of a UNION is nowhere promised.
    rows.sort_unstable_by_key(|row| integer(row, 0).unwrap_or(i64::MAX));
    let whole = rows.iter().take_while(|row| !is_null(row, 2));
    whole.map(|row| Ok(Pending { number: integer(row, 0)?, record: record(row, 1)? })).collect()
}

/// Keeps the vectors of `entries` for documents that are still as they were read.
pub async fn stage(db: &Db, identity: &Identity, pending: &[Pending], entries: &[Entry]) -> Result<(), StoreError> {
    let of_fields = pending.iter().flat_map(|pending| identity.fields.iter().map(|_| pending.number));
    let [_, fields, vectors] = vectors(identity, entries);
    let parameters = vec![
        ParameterValue::Str(identity.to_text()?),
        numbers(pending.iter().map(|pending| pending.number)),
        texts(pending.iter().map(|pending| pending.record.document.as_str())),
        numbers(of_fields),
        fields,
        vectors,
    ];
    let stage =
        "SELECT minilm_stage($1::text, $2::bigint[], $3::text[], $4::bigint[], $5::text[], $6::text[])::integer";
    match db.run(stage, parameters).await?.first() {
        Some(row) if integer(row, 0)? == 1 => Ok(()),
        _ => Err(StoreError::Changed),
    }
}

/// Makes graphs over the new vectors, and puts these in place of the old ones. Says whether it did: there may be documents without new
/// vectors by now.
pub async fn switch(db: &Db, identity: &Identity) -> Result<bool, StoreError> {
    db.lift_statement_timeout().await?;
    db.execute(&schema::alone(&graphs(identity, "minilm_staged"))).await?;
    let switch = format!("SELECT minilm_switch({})::integer", literal(identity)?);
    match db.run(&switch, Vec::new()).await?.first() {
        Some(row) => Ok(integer(row, 0)? == 1),
        None => Ok(false),
    }
}

/// How many documents have no new vectors.
pub async fn remaining(db: &Db) -> Result<usize, StoreError> {
    let rows = db.run(REMAINING, Vec::new()).await?;
    rows.first().map_or(Ok(0), |row| Ok(usize::try_from(integer(row, 0)?).unwrap_or(0)))
}
