//! Bulk writes, each of one statement.

use minilm::index::QuantizedVector;
use serde::Serialize;

use super::db::Value;
use super::schema;
use super::session::Session;
use crate::store::{Entry, FieldVector, Identity, StoreError};

/// Rows with vectors, as the statements take them.
pub struct Batch {
    /// The text of a JSON array, still open, with a row for each document.
    rows: Vec<u8>,
    /// All vectors, as floats and quantized.
    floats: Vec<u8>,
    levels: Vec<u8>,
    vectors: usize,
}

/// What a row says of the vectors of its document: the number of the first one, and the name and norm of each.
type Fields<'a> = (usize, Vec<(&'a str, f64)>);

impl Batch {
    /// A batch for `entries` with vectors of `dim` values, whose rows have about `bytes` bytes of text: a large one is not copied as it grows.
    pub fn with_capacity(bytes: usize, entries: &[Entry], dim: usize) -> Self {
        let vectors: usize = entries.iter().map(|entry| entry.vectors.len()).sum();
        let mut rows = Vec::with_capacity(bytes + bytes / 8 + 2);
        rows.push(b'[');
        let levels = Vec::with_capacity(vectors * (schema::LEVELS_HEAD as usize + dim));
        Self { rows, floats: Vec::with_capacity(vectors * 4 * dim), levels, vectors: 0 }
    }

    /// Adds a row, which ends with what [`Batch::add`] gave for its vectors.
    pub fn push(&mut self, row: &impl Serialize) -> Result<(), StoreError> {
        if self.rows.len() > 1 {
            self.rows.push(b',');
        }
        serde_json::to_writer(&mut self.rows, row).map_err(|error| StoreError::Document(error.to_string()))
    }

    /// Adds the vectors of one document.
    pub fn add<'a>(&mut self, vectors: &'a [FieldVector]) -> Result<Fields<'a>, StoreError> {
        let first = self.vectors;
        let mut fields = Vec::with_capacity(vectors.len());
        for FieldVector { field, vector } in vectors {
            let quantized = QuantizedVector::new(vector)?;
            fields.push((field.as_str(), quantized.norm.into()));
            self.levels.extend([quantized.scale, quantized.error].into_iter().flat_map(f32::to_le_bytes));
            self.levels.extend_from_slice(bytemuck::cast_slice(&quantized.values));
            self.floats.extend(vector.iter().flat_map(|x| x.to_le_bytes()));
        }
        self.vectors += vectors.len();
        Ok((first, fields))
    }

    /// Identity, rows, vectors as floats and quantized, and the bytes of one of each.
    pub fn parameters(mut self, identity: &Identity) -> Result<Vec<Value>, StoreError> {
        self.rows.push(b']');
        let rows = String::from_utf8(self.rows).map_err(|error| StoreError::Document(error.to_string()))?;
        let dim = i64::try_from(identity.dim).unwrap_or(i64::MAX);
        Ok(vec![
            Value::Text(identity.to_text()?),
            Value::Text(rows),
            Value::Blob(self.floats),
            Value::Blob(self.levels),
            Value::Integer(4 * dim),
            Value::Integer(dim + schema::LEVELS_HEAD),
        ])
    }
}

pub async fn upsert(session: &Session, identity: &Identity, entries: Vec<Entry>) -> Result<(), StoreError> {
    let bytes = entries.iter().map(|entry| entry.record.document.len() + entry.metadata.len()).sum();
    let mut batch = Batch::with_capacity(bytes, &entries, identity.dim);
    // Each entry is dropped when its row is there.
    for Entry { record, metadata, vectors } in entries {
        let (first, fields) = batch.add(&vectors)?;
        batch.push(&(record.id, record.document, metadata, first, fields))?;
    }
    session.run(schema::UPSERT, batch.parameters(identity)?).await.map(drop)
}
