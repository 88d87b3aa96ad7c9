//! What can be refused before a body is read.

use http::header::{AUTHORIZATION, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE};
use http::request::Parts;
use http::{HeaderMap, StatusCode};
use subtle::ConstantTimeEq;

use crate::{Limit, Problem, Route, Service};

impl Service {
    /// Refuses a request without the key, where one is set.
    pub fn check_key<A>(&self, route: &Route<A>, request: &Parts) -> Result<(), Problem> {
        let Some(key) = self.settings.api_key.as_deref().filter(|_| !route.open) else { return Ok(()) };
        let header = request.headers.get(AUTHORIZATION).map(|value| value.as_bytes());
        let sent = header.ok_or_else(|| Problem::unauthorized("this server asks for `authorization: Bearer KEY`"))?;
        let sent = sent.split_at_checked(BEARER.len()).filter(|(scheme, _)| scheme.eq_ignore_ascii_case(BEARER));
        // In constant time, so that answers do not tell how much of a key was right.
        match sent {
            Some((_, sent)) if bool::from(sent.ct_eq(key.as_bytes())) => Ok(()),
            _ => Err(Problem::unauthorized("the bearer key is wrong")),
        }
    }

    /// Refuses a body that is neither JSON nor of one of the `media_types`, or is announced as too large.
    pub fn check_body(&self, media_types: &[&str], headers: &HeaderMap) -> Result<(), Problem> {
        let content_type = headers.get(CONTENT_TYPE).map(|value| value.to_str().unwrap_or("(not ASCII)"));
        let known = |name: &str| [JSON].iter().chain(media_types).any(|known| known.eq_ignore_ascii_case(name));
        if !content_type.is_some_and(|content_type| known(media_type(content_type))) {
            let found = content_type.map_or("missing".to_owned(), |found| format!("`{found}`"));
            let others: String = media_types.iter().map(|other| format!(" or `{other}`")).collect();
            let message = format!("content-type is {found}, it must be `{JSON}`{others}");
            return Err(Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, message));
        }
        if let Some(encoding) = headers.get(CONTENT_ENCODING).filter(|encoding| *encoding != "identity") {
            let message = format!("content-encoding is {encoding:?}, bodies must come uncompressed");
            return Err(Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, message));
        }
        let length = headers.get(CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse().ok());
        self.check_payload(length.unwrap_or(0))
    }

    /// Refuses a body of `length` bytes that is too large.
    pub fn check_payload(&self, length: usize) -> Result<(), Problem> {
        let most = self.settings.payload_limit;
        if length <= most {
            return Ok(());
        }
        let limit = Limit { name: "PAYLOAD_LIMIT", value: most, actual: length };
        Err(Problem::over(StatusCode::PAYLOAD_TOO_LARGE, "the body has a size in bytes of", limit))
    }
}

const BEARER: &[u8] = b"bearer ";

const JSON: &str = "application/json";

/// A media type without its parameters.
fn media_type(content_type: &str) -> &str {
    content_type.split(';').next().unwrap_or_default().trim()
}
