//! Bulk writes, each of one statement.

use minilm::index::QuantizedVector;
use serde_json::json;

use super::db::Value;
use super::schema;
use super::session::Session;
use crate::store::{Entry, Identity, StoreError};

/// All entries, as the statements take them.
struct Batch {
    /// `[id, document, metadata, first vector, [[name, norm], …]]` for each.
    rows: Vec<serde_json::Value>,
    /// Vectors, as floats and quantized.
    floats: Vec<u8>,
    levels: Vec<u8>,
}

impl Batch {
    fn new(entries: &[Entry]) -> Result<Self, StoreError> {
        let mut batch = Self { rows: Vec::with_capacity(entries.len()), floats: Vec::new(), levels: Vec::new() };
        let mut first = 0;
        for Entry { record, metadata, vectors } in entries {
            let mut fields = Vec::with_capacity(vectors.len());
            for vector in vectors {
                let quantized = QuantizedVector::new(&vector.vector)?;
                fields.push(json!([vector.field, quantized.norm]));
                batch.levels.extend([quantized.scale, quantized.error].into_iter().flat_map(f32::to_le_bytes));
                batch.levels.extend_from_slice(bytemuck::cast_slice(&quantized.values));
                batch.floats.extend(vector.vector.iter().flat_map(|x| x.to_le_bytes()));
            }
            batch.rows.push(json!([record.id, record.document, metadata, first, fields]));
            first += vectors.len();
        }
        Ok(batch)
    }

    fn parameters(self, identity: &Identity) -> Result<Vec<Value>, StoreError> {
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
    let parameters = Batch::new(entries)?.parameters(identity)?;
    session.run(schema::UPSERT, parameters).await.map(drop)
}

pub async fn reindex(
    session: &Session,
    identity: &Identity,
    version: i64,
    entries: &[Entry],
) -> Result<(), StoreError> {
    let mut batch = Batch::new(entries)?;
    batch.rows.push(json!([null, null, null, 0, []]));
    let mut parameters = batch.parameters(identity)?;
    parameters.push(Value::Integer(version));
    session.run(schema::REINDEX, parameters).await.map(drop)
}
