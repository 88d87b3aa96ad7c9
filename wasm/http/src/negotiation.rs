//! What the caller can read: `Accept` and `Accept-Encoding`.

use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;
use http::HeaderMap;
use http::header::{ACCEPT, ACCEPT_ENCODING, CONTENT_ENCODING, HeaderName, HeaderValue, VARY};

use crate::Answer;
use crate::encode::Vectors;

/// Media type of raw vectors.
pub const RAW: &str = "application/octet-stream";
/// Rows of a raw answer.
const COUNT: HeaderName = HeaderName::from_static("x-embedding-count");
/// Values in a row of a raw answer.
const DIM: HeaderName = HeaderName::from_static("x-embedding-dim");
/// Shorter bodies fit into one packet as they are.
const LEAST_TO_COMPRESS: usize = 1024;

/// The rows as little-endian floats where the caller wants them so, else what `json` makes.
pub fn vectors(request: &HeaderMap, vectors: &Vectors, json: impl FnOnce(&Vectors) -> Answer) -> Answer {
    let answer = if quality(request, &ACCEPT, RAW) > quality(request, &ACCEPT, "application/json") {
        let mut answer = Answer::new(RAW, vectors.data.iter().flat_map(|x| x.to_le_bytes()).collect::<Vec<u8>>());
        answer.headers.insert(COUNT, vectors.work.texts.into());
        answer.headers.insert(DIM, vectors.dim.into());
        answer
    } else {
        json(vectors)
    };
    answer.with_work(vectors.work)
}

/// Compresses the body where the caller can read that and it pays.
pub fn compress(request: &HeaderMap, answer: &mut Answer) {
    if answer.body.len() < LEAST_TO_COMPRESS {
        return;
    }
    answer.headers.append(VARY, HeaderValue::from_static("accept-encoding"));
    if quality(request, &ACCEPT_ENCODING, "gzip") == 0.0 {
        return;
    }
    // Digits of floats do not get smaller with more effort.
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    if encoder.write_all(&answer.body).is_ok()
        && let Ok(body) = encoder.finish()
    {
        answer.body = body;
        answer.headers.insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    }
}

/// How much the caller wants `name`, 0 to 1. Wildcards count half as much as they say, so that what is named comes first.
fn quality(request: &HeaderMap, header: &HeaderName, name: &str) -> f32 {
    let values = request.get_all(header).iter().filter_map(|value| value.to_str().ok());
    let items = values.flat_map(|value| value.split(',')).map(|item| {
        let mut parts = item.split(';').map(str::trim);
        let named = parts.next().unwrap_or_default();
        let q = parts.find_map(|part| part.strip_prefix("q=").or(part.strip_prefix("Q=")));
        (named, q.map_or(1.0, |q| q.parse().unwrap_or(0.0)))
    });
    let (mut exact, mut wild) = (None, 0.0);
    for (named, q) in items {
        if named.eq_ignore_ascii_case(name) {
            exact = Some(q);
        } else if matches!(named, "*" | "*/*" | "application/*") {
            wild = q / 2.0;
        }
    }
    exact.unwrap_or(wild)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(header: &HeaderName, value: &'static str, name: &str) -> f32 {
        let request = HeaderMap::from_iter([(header.clone(), HeaderValue::from_static(value))]);
        quality(&request, header, name)
    }

    #[test]
    fn named_types_come_before_wildcards() {
        assert_eq!(asked(&ACCEPT, "application/octet-stream", RAW), 1.0);
        assert_eq!(asked(&ACCEPT, "application/json, application/octet-stream;q=0.5", RAW), 0.5);
        assert_eq!(asked(&ACCEPT, "*/*", RAW), 0.5);
        assert_eq!(asked(&ACCEPT, "text/html", RAW), 0.0);
    }

    #[test]
    fn an_encoding_can_be_refused() {
        assert_eq!(asked(&ACCEPT_ENCODING, "deflate, gzip;q=0, *", "gzip"), 0.0);
        assert!(asked(&ACCEPT_ENCODING, "br, gzip", "gzip") > 0.0);
        assert_eq!(asked(&ACCEPT_ENCODING, "identity", "gzip"), 0.0);
    }
}
