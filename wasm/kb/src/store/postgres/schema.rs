//! The tables, and the statements that write them. Each is one statement, and so one transaction.

/// Version of what is below. A store of another one is refused.
pub const FORMAT_VERSION: i32 = 1;

/// Some statements as one, and so as one transaction: `IF NOT EXISTS` does not bear two who make the same thing at the same time, so
/// they wait for each other.
pub fn alone(statements: &str) -> String {
    format!("DO $minilm$ BEGIN PERFORM pg_advisory_xact_lock(7265210398451); {statements} END $minilm$")
}

/// Makes what is not there yet; `{format}` is a number, `{identity}` a literal of JSON, and `{graphs}` the graphs of all fields.
pub const CREATE: &str = "
    CREATE EXTENSION IF NOT EXISTS vector;
    CREATE TABLE IF NOT EXISTS minilm_meta (
        one boolean PRIMARY KEY DEFAULT true CHECK (one),
        format_version integer NOT NULL,
        identity text NOT NULL,
        version bigint NOT NULL
    );
    CREATE TABLE IF NOT EXISTS minilm_documents (
        seq bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        id text COLLATE \"C\" NOT NULL UNIQUE,
        document text NOT NULL,
        metadata jsonb NOT NULL
    );
    CREATE TABLE IF NOT EXISTS minilm_vectors (
        field text NOT NULL,
        document bigint NOT NULL REFERENCES minilm_documents (seq) ON DELETE CASCADE,
        embedding vector,
        PRIMARY KEY (field, document)
    );
    CREATE INDEX IF NOT EXISTS minilm_vectors_document ON minilm_vectors (document);
    CREATE INDEX IF NOT EXISTS minilm_documents_metadata ON minilm_documents USING gin (metadata jsonb_path_ops);
    {graphs}
    INSERT INTO minilm_meta (format_version, identity, version) VALUES ({format}, {identity}, 0) ON CONFLICT DO NOTHING;";

/// The graph of one field, which is what a search without a filter walks. The model decides the width, so it is not one of the column.
pub const CREATE_GRAPH: &str = "CREATE INDEX IF NOT EXISTS \"minilm_hnsw_{field}_{dim}\" ON minilm_vectors
    USING hnsw ((embedding::vector({dim})) vector_cosine_ops) WHERE field = '{field}';";

/// Parameters: identity; ids, documents and metadata; ids, fields and vectors, one for every field of every document. Gives how many
/// identities fitted, 1 or 0.
///
/// The first step locks the one row of `minilm_meta`, so that writers come one after the other, and none writes while a reindex goes on.
/// Whoever waited there still sees the rows of before, and could not delete what the other has just added: so a field without text has a
/// row too, without a vector, and nothing is to be deleted.
pub const UPSERT: &str = "WITH
    guard AS (UPDATE minilm_meta SET version = version + 1 WHERE identity = $1::text RETURNING one),
    input AS (
        SELECT i.id, i.document, i.metadata::jsonb AS metadata, i.at
        FROM guard, unnest($2::text[], $3::text[], $4::text[]) WITH ORDINALITY AS i (id, document, metadata, at)
    ),
    documents AS (
        INSERT INTO minilm_documents (id, document, metadata) SELECT id, document, metadata FROM input ORDER BY at
        ON CONFLICT (id) DO UPDATE SET document = excluded.document, metadata = excluded.metadata
        RETURNING seq, id
    ),
    vectors AS (
        INSERT INTO minilm_vectors (field, document, embedding)
        SELECT v.field, d.seq, v.embedding::vector
        FROM unnest($5::text[], $6::text[], $7::text[]) AS v (id, field, embedding) JOIN documents d ON d.id = v.id
        ON CONFLICT (field, document) DO UPDATE SET embedding = excluded.embedding
    )
    SELECT count(*) FROM guard";

/// Parameters: identity, version; ids, fields and vectors, as those of [`UPSERT`]. Gives as that does.
pub const REINDEX: &str = "WITH
    guard AS (UPDATE minilm_meta SET identity = $1::text, version = version + 1 WHERE version = $2::bigint RETURNING one),
    vectors AS (
        INSERT INTO minilm_vectors (field, document, embedding)
        SELECT v.field, d.seq, v.embedding::vector
        FROM guard, unnest($3::text[], $4::text[], $5::text[]) AS v (id, field, embedding)
            JOIN minilm_documents d ON d.id = v.id
        ON CONFLICT (field, document) DO UPDATE SET embedding = excluded.embedding
    ),
    stale AS (
        DELETE FROM minilm_vectors o USING guard WHERE o.field NOT IN (SELECT unnest($4::text[]))
    )
    SELECT count(*) FROM guard";

/// What a store is.
pub const STATE: &str =
    "SELECT format_version, identity, version, (SELECT count(*) FROM minilm_documents) FROM minilm_meta";

/// Parameters: an id. Gives how many there were, 1 or 0.
///
/// Takes its locks in the order in which [`UPSERT`] does, so that none waits for one that waits for it.
pub const DELETE: &str = "WITH
    guard AS MATERIALIZED (SELECT one FROM minilm_meta FOR UPDATE),
    gone AS (DELETE FROM minilm_documents USING guard WHERE id = $1::text RETURNING seq),
    counted AS (UPDATE minilm_meta SET version = version + 1 WHERE EXISTS (SELECT 1 FROM gone))
    SELECT count(*) FROM gone";
