//! The tables, and the statements that write them. Each is one statement, and so one transaction.

use crate::store::format::Formats;

/// Version of what is below and of what a reindex adds to it (`reindex.rs`). Stores of the versions before it get what they lack when they
/// are searched or opened: those of version 2 what a reindex by pages needs, those of version 1 also the counts of vectors.
pub const FORMAT_VERSION: i64 = 3;

/// The version that has no counts of vectors.
pub const WITHOUT_COUNTS: i64 = 1;

/// Documents of a block have the same number in all but these last bits: a block has up to 256. To know how many vectors are before one,
/// the counts of the blocks before are added up, and the vectors of one block are counted.
pub const BLOCK_BITS: u32 = 8;

/// The versions that are read.
pub const FORMATS: Formats = Formats { oldest: WITHOUT_COUNTS, current: FORMAT_VERSION };

/// Some statements as one, and so as one transaction: `IF NOT EXISTS` does not bear two who make the same thing at the same time, so
/// they wait for each other.
pub fn alone(statements: &str) -> String {
    format!("DO $minilm$ BEGIN PERFORM pg_advisory_xact_lock(7265210398451); {statements} END $minilm$")
}

/// Makes what is not there yet. `{format}` and `{without_counts}` are format versions, `{block}` is [`BLOCK_BITS`], `{identity}` a literal of
/// JSON, `{graphs}` the graphs of all fields, and `{reindex}` what a reindex needs.
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
    -- Vectors of a field in each block of documents. Writers lock the row of minilm_meta first, so they do not wait for each other here.
    CREATE TABLE IF NOT EXISTS minilm_counts (
        field text NOT NULL,
        block bigint NOT NULL,
        vectors bigint NOT NULL,
        PRIMARY KEY (field, block)
    );
    CREATE OR REPLACE FUNCTION minilm_count() RETURNS trigger LANGUAGE plpgsql AS $count$ BEGIN
        IF TG_OP <> 'DELETE' THEN
            INSERT INTO minilm_counts (field, block, vectors)
            SELECT field, document >> {block}, count(*) FROM added WHERE embedding IS NOT NULL GROUP BY 1, 2
            ON CONFLICT (field, block) DO UPDATE SET vectors = minilm_counts.vectors + excluded.vectors;
        END IF;
        IF TG_OP <> 'INSERT' THEN
            UPDATE minilm_counts c SET vectors = c.vectors - r.vectors FROM (
                SELECT field, document >> {block} AS block, count(*) AS vectors
                FROM removed WHERE embedding IS NOT NULL GROUP BY 1, 2
            ) r WHERE c.field = r.field AND c.block = r.block;
        END IF;
        RETURN NULL;
    END $count$;
    {triggers}
    {graphs}
    {reindex}
    INSERT INTO minilm_meta (format_version, identity, version) VALUES ({format}, {identity}, 0) ON CONFLICT DO NOTHING;
    -- Triggers hold off other writers until the end of this statement, so none is between the counts and them.
    UPDATE minilm_meta SET format_version = {format} WHERE format_version = {without_counts};
    IF FOUND THEN
        {counts}
    END IF;
    UPDATE minilm_meta SET format_version = {format} WHERE format_version < {format};";

/// Keep `minilm_counts` right.
pub const TRIGGERS: &str = "CREATE OR REPLACE TRIGGER minilm_count_insert AFTER INSERT ON minilm_vectors
        REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION minilm_count();
    CREATE OR REPLACE TRIGGER minilm_count_update AFTER UPDATE ON minilm_vectors
        REFERENCING OLD TABLE AS removed NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION minilm_count();
    CREATE OR REPLACE TRIGGER minilm_count_delete AFTER DELETE ON minilm_vectors
        REFERENCING OLD TABLE AS removed FOR EACH STATEMENT EXECUTE FUNCTION minilm_count();";

/// Counts all vectors.
pub const COUNTS: &str = "INSERT INTO minilm_counts (field, block, vectors)
    SELECT field, document >> {block}, count(*) FROM minilm_vectors WHERE embedding IS NOT NULL GROUP BY 1, 2;";

/// The graph of one field, which is what a search without a filter walks. The model decides the width, so it is not one of the column.
pub const CREATE_GRAPH: &str = "CREATE INDEX IF NOT EXISTS \"{index}\" ON {table}
    USING hnsw ((embedding::vector({dim})) vector_cosine_ops) WHERE field = '{field}';";

/// Parameters: identity; ids, documents and metadata; ids, fields and vectors, one for every field of every document. Gives how many
/// identities fitted, 1 or 0.
///
/// The first step locks the one row of `minilm_meta`, so that writers come one after the other.
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

/// The version of a store, whichever it is.
pub const VERSION: &str = "SELECT format_version FROM minilm_meta";

/// What a store is.
pub const STATE: &str = "SELECT format_version, identity, (SELECT count(*) FROM minilm_documents) FROM minilm_meta";

/// Parameters: an array of ids. Gives id, document, field and vector, a row for each vector. The row without an id is that of
/// `minilm_meta`, here and below: after it come format version and identity.
pub const EXISTING: &str = "SELECT NULL::text, format_version::text, identity, NULL::text FROM minilm_meta
    UNION ALL
    SELECT d.id, d.document, v.field, v.embedding::text
    FROM minilm_documents d JOIN minilm_vectors v ON v.document = d.seq
    WHERE d.id = ANY ($1::text[]) AND v.embedding IS NOT NULL";

/// Parameters: an id. Gives id and document.
pub const GET: &str = "SELECT NULL::text, format_version::text FROM minilm_meta
    UNION ALL SELECT id, document FROM minilm_documents WHERE id = $1::text";

/// Parameters: an id, a limit, most bytes. Gives id, document and its bytes, from the first one after the id. No id is empty, so all come
/// after the empty one. Behind the first, the document is `NULL` where those up to it have more bytes.
pub const PAGE: &str = "SELECT NULL::text, format_version::text, NULL::bigint FROM minilm_meta
    UNION ALL
    SELECT id, CASE WHEN total = bytes OR total <= $3::bigint THEN document END, bytes FROM (
        SELECT id, document, bytes, sum(bytes) OVER (ORDER BY id) AS total FROM (
            SELECT id, document, octet_length(document)::bigint AS bytes
            FROM minilm_documents WHERE id > $1::text ORDER BY id LIMIT $2::bigint
        ) page
    ) sized";

/// Parameters: an id, the latest format version. Gives how many there were, 1 or 0.
///
/// Takes its locks in the order in which [`UPSERT`] does, so that none waits for one that waits for it.
pub const DELETE: &str = "WITH
    guard AS MATERIALIZED (SELECT one FROM minilm_meta WHERE format_version <= $2::bigint FOR UPDATE),
    gone AS (DELETE FROM minilm_documents USING guard WHERE id = $1::text RETURNING seq),
    counted AS (UPDATE minilm_meta SET version = version + 1 WHERE EXISTS (SELECT 1 FROM gone))
    SELECT count(*) FROM gone";
