//! What the caller can read, as `Accept` and `Accept-Encoding` say; compression.

use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;
use http::HeaderMap;
use http::header::{ACCEPT_ENCODING, CONTENT_ENCODING, HeaderName, HeaderValue, VARY};

use crate::response::Response;

/// Bytes of the shortest body that is compressed. A shorter one fits into one packet as it is.
const MIN_COMPRESSED: usize = 1024;

/// Compresses a body of 1 KiB or more where the caller accepts gzip.
pub(crate) fn compress(request: &HeaderMap, response: &mut Response) {
    if response.body.len() < MIN_COMPRESSED {
        return;
    }
    response.headers.append(VARY, HeaderValue::from_static("accept-encoding"));
    if !accepts_gzip(request) {
        return;
    }
    // Digits of floats do not get smaller with more effort.
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    if encoder.write_all(&response.body).is_ok()
        && let Ok(body) = encoder.finish()
    {
        response.body = body;
        response.headers.insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    }
}

/// Whether the caller reads gzip: it names it, or `*`, and not with a weight of 0.
#[must_use]
pub fn accepts_gzip(request: &HeaderMap) -> bool {
    quality(request, &ACCEPT_ENCODING, "gzip") > 0.0
}

/// The weight that the caller gives `name` in `header`, from 0 to 1. A wildcard counts half its weight, so that what is named
/// comes first.
#[must_use]
pub fn quality(request: &HeaderMap, header: &HeaderName, name: &str) -> f32 {
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
    use http::header::ACCEPT;

    use super::*;

    const RAW: &str = "application/octet-stream";

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
    fn gzip_is_sent_to_those_who_accept_it() {
        for (value, expected) in [
            ("gzip", true),
            ("br, gzip", true),
            ("br, GZIP;q=0.5", true),
            ("*", true),
            ("deflate, gzip;q=0, *", false),
            ("gzip;q=0, *", false),
            ("br", false),
            ("identity", false),
            ("", false),
            ("gzip; q=0.000", false),
            ("*;q=0", false),
        ] {
            let request = HeaderMap::from_iter([(ACCEPT_ENCODING, HeaderValue::from_static(value))]);
            assert_eq!(accepts_gzip(&request), expected, "{value}");
        }
        assert!(!accepts_gzip(&HeaderMap::new()));
    }
}
