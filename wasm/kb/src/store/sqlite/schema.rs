//! The tables, and the statements that make them. Each statement is whole by itself, and each can be repeated: whoever dies in between
//! leaves something that the next one completes.
//!
//! A bulk write is one statement, so that it is atomic on every host: rows go into a view, and its trigger takes them apart.

use crate::store::format::Formats;

/// Version of what is below and of what a reindex adds to it (`reindex.rs`).
pub const FORMAT_VERSION: i64 = 2;

/// The version before, which has nothing of a reindex by pages. That is added when the store is searched or opened: nothing else differs.
pub const WITHOUT_STAGING: i64 = 1;

/// The versions that are read.
pub const FORMATS: Formats = Formats { oldest: WITHOUT_STAGING, current: FORMAT_VERSION };

/// What a trigger says when the store belongs to another model, or has changed.
pub const CHANGED: &str = "minilm: the store has changed";

/// Makes everything but the first row of `minilm_meta`, which says that all is there. What a reindex needs comes behind it
/// (`reindex::CREATE`).
pub const CREATE: &[&str] = &[
    // Readers do not wait for writers. Stays with the file; a host that does not know of it keeps its own way.
    "PRAGMA journal_mode = WAL",
    "CREATE TABLE IF NOT EXISTS minilm_documents (
        seq INTEGER PRIMARY KEY,
        id TEXT NOT NULL UNIQUE,
        document TEXT NOT NULL,
        metadata TEXT NOT NULL,
        -- The vectors of all fields as 32-bit floats, one behind the other: read for the few that may be among the best.
        vectors BLOB NOT NULL
    )",
    // What a search reads whole, so it is by itself and in the order of reading.
    "CREATE TABLE IF NOT EXISTS minilm_quantized (
        field TEXT NOT NULL,
        document INTEGER NOT NULL REFERENCES minilm_documents (seq),
        -- Which of the document's vectors this is.
        position INTEGER NOT NULL,
        norm REAL NOT NULL,
        -- Scale and error as 32-bit floats, then the integers: one value, as each costs on its way to the component.
        levels BLOB NOT NULL,
        PRIMARY KEY (field, document)
    ) WITHOUT ROWID",
    "CREATE INDEX IF NOT EXISTS minilm_quantized_document ON minilm_quantized (document)",
    "CREATE TRIGGER IF NOT EXISTS minilm_delete AFTER DELETE ON minilm_documents BEGIN
        DELETE FROM minilm_quantized WHERE document = OLD.seq;
        UPDATE minilm_meta SET version = version + 1;
    END",
    "CREATE TABLE IF NOT EXISTS minilm_meta (
        one INTEGER PRIMARY KEY CHECK (one = 1),
        format_version INTEGER NOT NULL,
        model TEXT NOT NULL,
        weights_sha256 TEXT NOT NULL,
        identity TEXT NOT NULL,
        version INTEGER NOT NULL
    )",
    // `fields` has [name, norm] for each vector.
    "CREATE VIEW IF NOT EXISTS minilm_upsert AS
        SELECT '' AS identity, '' AS id, '' AS document, '' AS metadata, x'' AS vectors, '' AS fields, x'' AS levels",
    "CREATE TRIGGER IF NOT EXISTS minilm_upsert_row INSTEAD OF INSERT ON minilm_upsert BEGIN
        SELECT RAISE(ABORT, 'minilm: the store has changed')
            WHERE NEW.identity IS NOT (SELECT identity FROM minilm_meta);
        INSERT INTO minilm_documents (id, document, metadata, vectors)
            VALUES (NEW.id, NEW.document, NEW.metadata, NEW.vectors)
            ON CONFLICT (id) DO UPDATE
            SET document = excluded.document, metadata = excluded.metadata, vectors = excluded.vectors;
        DELETE FROM minilm_quantized WHERE document = (SELECT seq FROM minilm_documents WHERE id = NEW.id);
        INSERT INTO minilm_quantized (field, document, position, norm, levels)
            SELECT f.value ->> 0, d.seq, f.key, f.value ->> 1,
                substr(NEW.levels, f.key * (length(NEW.levels) / json_array_length(NEW.fields)) + 1,
                    length(NEW.levels) / json_array_length(NEW.fields))
            FROM minilm_documents d, json_each(NEW.fields) f WHERE d.id = NEW.id;
        UPDATE minilm_meta SET version = version + 1;
    END",
];

/// Parameters: format version, identity. Last of all, and once.
pub const COMPLETE: &str =
    "INSERT OR IGNORE INTO minilm_meta (one, format_version, model, weights_sha256, identity, version)
    VALUES (1, ?1, ?2 ->> 'model', ?2 ->> 'weights_sha256', ?2, 0)";

/// Parameters: the format version, the identity from before, the new one. After everything of that version has been made.
pub const MIGRATE: &str = "UPDATE minilm_meta SET format_version = ?1, identity = ?3, model = ?3 ->> 'model'
    WHERE format_version < ?1 AND identity = ?2";

/// Bytes of scale and error before the integers of a row in `minilm_quantized.levels`.
pub const LEVELS_HEAD: i64 = 8;

/// The version of a store, whichever it is.
pub const VERSION: &str = "SELECT format_version FROM minilm_meta";

/// What a store is. The `NULL` marks the row as that of `minilm_meta`, here and below.
pub const STATE: &str =
    "SELECT NULL, format_version, identity, (SELECT count(*) FROM minilm_documents) FROM minilm_meta";

/// Parameters: an array of ids. Gives id, document, vectors, and the names of their fields.
pub const EXISTING: &str = "SELECT NULL, format_version, identity, NULL FROM minilm_meta
    UNION ALL
    SELECT d.id, d.document, d.vectors, (
        SELECT coalesce(group_concat(field, ','), '') FROM (
            SELECT field FROM minilm_quantized q WHERE q.document = d.seq ORDER BY position
        )
    ) FROM json_each(?1) i CROSS JOIN minilm_documents d ON d.id = i.value";

/// Parameters: an id. Gives id and document.
pub const GET: &str = "SELECT NULL, format_version FROM minilm_meta
    UNION ALL SELECT id, document FROM minilm_documents WHERE id = ?1";

/// Parameters: an id or `NULL`, a limit, most bytes. Gives id, document and its bytes, from the first one after the id. Behind the first,
/// the document is `NULL` where those up to it have more bytes.
pub const PAGE: &str = "SELECT NULL, format_version, NULL FROM minilm_meta
    UNION ALL
    SELECT id, CASE WHEN total = bytes OR total <= ?3 THEN (
        SELECT document FROM minilm_documents d WHERE d.id = sized.id
    ) END, bytes FROM (
        SELECT id, bytes, sum(bytes) OVER (ORDER BY id) AS total FROM (
            SELECT id, length(CAST(document AS BLOB)) AS bytes FROM minilm_documents
            WHERE ?1 IS NULL OR id > ?1 ORDER BY id LIMIT ?2
        )
    ) sized";

/// Parameters: an id, the least and the latest format version. Gives a row where there was one.
pub const DELETE: &str = "DELETE FROM minilm_documents
    WHERE id = ?1 AND (SELECT format_version FROM minilm_meta) BETWEEN ?2 AND ?3 RETURNING seq";

/// Parameters: an array of documents by `seq`, field, bytes of a vector, most bytes of documents. Gives the position in the array, the
/// vector, id, document and its bytes; the document is `NULL` where those up to it have more bytes. Vector and document are read by one
/// statement, so that they belong to each other.
pub const CANDIDATES: &str = "SELECT NULL, format_version, identity, NULL, NULL FROM minilm_meta
    UNION ALL
    SELECT sized.key, substr(d.vectors, sized.position * ?3 + 1, ?3), d.id,
        CASE WHEN total <= ?4 THEN d.document END, bytes
    FROM (
        SELECT key, seq, position, bytes, sum(bytes) OVER (ORDER BY key) AS total FROM (
            SELECT c.key, d.seq, q.position, length(CAST(d.document AS BLOB)) AS bytes
            FROM json_each(?1) c
            CROSS JOIN minilm_quantized q ON q.field = ?2 AND q.document = c.value
            CROSS JOIN minilm_documents d ON d.seq = q.document
        )
    ) sized CROSS JOIN minilm_documents d ON d.seq = sized.seq";

/// Parameters: identity; an array of [id, document, metadata, first vector, [[name, norm], …]]; all vectors as floats,
/// quantized; bytes of a vector as floats, quantized.
pub const UPSERT: &str = "INSERT INTO minilm_upsert (identity, id, document, metadata, vectors, fields, levels)
    SELECT ?1, value ->> 0, value ->> 1, value ->> 2,
        coalesce(substr(?3, (value ->> 3) * ?5 + 1, json_array_length(value, '$[4]') * ?5), x''), value -> 4,
        substr(?4, (value ->> 3) * ?6 + 1, json_array_length(value, '$[4]') * ?6)
    FROM json_each(?2)";
