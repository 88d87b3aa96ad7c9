//! Vectors in other number formats.

use js_sys::{Int8Array, Uint8Array};
use minilm::{OutputPrecision, QuantizedEmbeddings, QuantizedValues, Ranges, quantize_embeddings};
use serde::{Deserialize, Serialize};
use serde_wasm_bindgen::preserve;
use wasm_bindgen::JsValue;

use crate::error::Fault;

/// Rows in another number format.
#[derive(Serialize)]
pub struct Quantized {
    /// An `Int8Array` or a `Uint8Array`.
    #[serde(serialize_with = "preserve::serialize")]
    data: JsValue,
    /// Bytes in a row.
    dim: usize,
}

/// Ranges as JavaScript has them.
#[derive(Deserialize)]
struct JsRanges {
    min: Vec<f32>,
    max: Vec<f32>,
}

/// `data` `[rows, dim]` as `precision`.
pub fn quantize(data: &[f32], dim: usize, precision: &str, ranges: JsValue) -> Result<Quantized, Fault> {
    let precision = match precision {
        "int8" => OutputPrecision::Int8,
        "uint8" => OutputPrecision::Uint8,
        "binary" => OutputPrecision::Binary,
        "ubinary" => OutputPrecision::Ubinary,
        other => {
            return Err(Fault::options(format!(
                "option `precision`: {other} is none of int8, uint8, binary and ubinary"
            )));
        }
    };
    let ranges: Option<JsRanges> =
        serde_wasm_bindgen::from_value(ranges).map_err(|error| Fault::options(format!("option `ranges`: {error}")))?;
    let ranges = ranges.map(|JsRanges { min, max }| Ranges { min, max });
    let QuantizedEmbeddings { data, dim } = quantize_embeddings(data, dim, precision, ranges.as_ref())?;
    let data = match data {
        QuantizedValues::Int8(data) | QuantizedValues::Binary(data) => Int8Array::from(&data[..]).into(),
        QuantizedValues::Uint8(data) | QuantizedValues::Ubinary(data) => Uint8Array::from(&data[..]).into(),
    };
    Ok(Quantized { data, dim })
}
