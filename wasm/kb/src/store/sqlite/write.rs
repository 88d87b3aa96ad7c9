//! Bulk writes, each of one statement.

use minilm::index::QuantizedVector;
use serde_json::json;

use super::db::Value;
use super::schema;
use super::session::Session;
use crate::store::{Entry, FieldVector, Identity, StoreError};

/// Rows with vectors, as the statements take them.
#[derive(Default)]
pub struct Batch {
    /// A row for each document. It ends with what [`Batch::add`] gave for its vectors.
    pub rows: Vec<serde_json::Value>,
    /// All vectors, as floats and quantized.
    floats: Vec<u8>,
    levels: Vec<u8>,
    vectors: usize,
}

impl Batch {
    /// Adds the vectors of one document. Gives the number of the first one, and `[[name, norm], …]`.
    pub fn add(&mut self, vectors: &[FieldVector]) -> Result<(usize, serde_json::Value), StoreError> {
        let first = self.vectors;
        let mut fields = Vec::with_capacity(vectors.len());
        for FieldVector { field, vector } in vectors {
            let quantized = QuantizedVector::new(vector)?;
            fields.push(json!([field, quantized.norm]));
            self.levels.extend([quantized.scale, quantized.error].into_iter().flat_map(f32::to_le_bytes));
            self.levels.extend_from_slice(bytemuck::cast_slice(&quantized.values));
            self.floats.extend(vector.iter().flat_map(|x| x.to_le_bytes()));
        }
        self.vectors += vectors.len();
        Ok((first, fields.into()))
    }

    /// Identity, rows, vectors as floats and quantized, and the bytes of one of each.
    pub fn parameters(self, identity: &Identity) -> Result<Vec<Value>, StoreError> {
        let rows = serde_json::to_string(&self.rows).map_err(|error| StoreError::Document(error.to_string()))?;
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

pub async fn upsert(session: &Session, identity: &Identity, entries: &[Entry]) -> Result<(), StoreError> {
    let mut batch = Batch::default();
    for Entry { record, metadata, vectors } in entries {
        let (first, fields) = batch.add(vectors)?;
        batch.rows.push(json!([record.id, record.document, metadata, first, fields]));
    }
    session.run(schema::UPSERT, batch.parameters(identity)?).await.map(drop)
}
