//! Embeddings in the form that the caller accepts: JSON, or raw floats.

use http::HeaderMap;
use http::header::{ACCEPT, HeaderName};
use minilm_serving::Response;
use minilm_serving::embed::Vectors;
use minilm_serving::negotiation::quality;

/// Media type of raw floats.
const RAW: &str = "application/octet-stream";
/// Number of rows of a raw response.
const COUNT: HeaderName = HeaderName::from_static("x-embedding-count");
/// Number of values in a row of a raw response.
const DIM: HeaderName = HeaderName::from_static("x-embedding-dim");

/// Rows of little-endian 32-bit floats where the caller prefers them, else what `json` makes.
pub fn vectors_response(request: &HeaderMap, vectors: &Vectors, json: impl FnOnce(&Vectors) -> Response) -> Response {
    let response = if quality(request, &ACCEPT, RAW) > quality(request, &ACCEPT, "application/json") {
        let bytes: Vec<u8> = vectors.data.iter().flat_map(|x| x.to_le_bytes()).collect();
        let mut response = Response::new(RAW, bytes);
        response.headers.insert(COUNT, vectors.usage.texts.into());
        response.headers.insert(DIM, vectors.dim.into());
        response
    } else {
        json(vectors)
    };
    response.with_usage(vectors.usage)
}
