//! Requests to a handler as text: a line with method and path, lines of headers, an empty line, the body. What has no `host` or
//! `content-type` gets the usual ones.

use std::io::Read;

use bytes::Bytes;
use flate2::read::GzDecoder;
use futures_executor::block_on;
use http::{HeaderMap, Method, Request, StatusCode};
use http_body_util::Full;
use minilm_serving::{App, handle};

/// Most bytes of an error: it tells what is wrong, and does not send back what came.
const MAX_ERROR: usize = 4096;

/// The request in `text`; nothing where no server would pass it on.
pub fn parse(text: &[u8]) -> Option<Request<Vec<u8>>> {
    let end = text.windows(2).position(|pair| pair == b"\n\n");
    let (head, body) = end.map_or((text, &b""[..]), |end| (&text[..end], &text[end + 2..]));
    let mut lines = head.split(|&byte| byte == b'\n');
    let first = lines.next()?;
    let space = first.iter().position(|&byte| byte == b' ')?;
    let method = Method::from_bytes(&first[..space]).ok()?;
    let mut request = Request::builder().method(method).uri(&first[space + 1..]);
    for line in lines {
        let colon = line.iter().position(|&byte| byte == b':')?;
        request = request.header(&line[..colon], line[colon + 1..].trim_ascii());
    }
    let mut request = request.body(body.to_vec()).ok()?;
    let length = request.body().len();
    let headers = request.headers_mut();
    headers.entry("host").or_insert_with(|| "localhost".parse().expect("a value"));
    headers.entry("content-type").or_insert_with(|| "application/json".parse().expect("a value"));
    headers.insert("content-length", length.into());
    Some(request)
}

/// The answer of `app`, with what holds for all answers checked.
pub fn respond<A: App>(app: &A, request: Request<Vec<u8>>) -> (StatusCode, Vec<u8>) {
    let (parts, body) = request.into_parts();
    let is_head = parts.method == Method::HEAD;
    let about = format!("{} {}", parts.method, parts.uri);
    let mut body = Full::new(Bytes::from(body));
    let (parts, body) = block_on(handle(Ok(app), parts, &mut body)).into_parts();
    let body = plain(&parts.headers, body);
    let text = String::from_utf8_lossy(&body);
    assert!(parts.status != StatusCode::INTERNAL_SERVER_ERROR, "{about}: {text}");
    if is_head {
        assert!(body.is_empty(), "{about}: {text}");
    } else if kind(&parts.headers).starts_with("application/json") {
        assert!(serde_json::from_slice::<serde_json::Value>(&body).is_ok(), "{about}: {text}");
    }
    assert!(body.len() <= app.state().settings.max_response_bytes, "{about}: {} bytes", body.len());
    assert!(parts.status.as_u16() < 400 || body.len() <= MAX_ERROR, "{about}: {text}");
    (parts.status, body)
}

fn kind(headers: &HeaderMap) -> &str {
    headers.get("content-type").and_then(|value| value.to_str().ok()).unwrap_or_default()
}

/// The body before compression.
fn plain(headers: &HeaderMap, body: Vec<u8>) -> Vec<u8> {
    if !headers.contains_key("content-encoding") || body.is_empty() {
        return body;
    }
    let mut plain = Vec::new();
    GzDecoder::new(&body[..]).read_to_end(&mut plain).expect("gzip");
    plain
}
