//! What is checked before a body is read, and while it is.

use http::header::{CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE};
use http::{HeaderMap, StatusCode};

use crate::excerpt::excerpt;
use crate::problem::{Limit, Problem};
use crate::route::Route;
use crate::state::ServerState;

impl ServerState {
    /// 415 for a body that is neither JSON nor of another media type of the `route`. Web pages send other types without being asked first.
    pub(crate) fn check_media_type<A>(&self, route: &Route<A>, headers: &HeaderMap) -> Result<(), Problem> {
        let media_types = route.media_types;
        let content_type = headers.get(CONTENT_TYPE).map(|value| value.to_str().unwrap_or("(not ASCII)"));
        let accepted = |name: &str| [JSON].iter().chain(media_types).any(|known| known.eq_ignore_ascii_case(name));
        if route.any_media_type || content_type.is_some_and(|content_type| accepted(media_type(content_type))) {
            return Ok(());
        }
        let found = content_type.map_or("missing".to_owned(), |found| format!("`{}`", excerpt(found)));
        let others: String = media_types.iter().map(|other| format!(" or `{other}`")).collect();
        let message = format!("content-type is {found}, it must be `{JSON}`{others}");
        Err(Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, message))
    }

    /// 415 for a body that [`Self::check_media_type`] refuses or that is compressed, 413 for one that is announced as too large.
    /// Gives the bytes that it is announced with, 0 where it is not.
    pub(crate) fn check_body<A>(&self, route: &Route<A>, headers: &HeaderMap) -> Result<usize, Problem> {
        self.check_media_type(route, headers)?;
        if let Some(encoding) = headers.get(CONTENT_ENCODING).filter(|encoding| *encoding != "identity") {
            let message =
                format!("content-encoding is {}, bodies must come uncompressed", excerpt(&format!("{encoding:?}")));
            return Err(Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, message));
        }
        let length = headers.get(CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse().ok());
        let announced = length.unwrap_or(0);
        self.check_payload(announced).map(|()| announced)
    }

    /// 413 for a body of `length` bytes or more that is over `PAYLOAD_LIMIT`.
    pub(crate) fn check_payload(&self, length: usize) -> Result<(), Problem> {
        let limit = Limit { name: "PAYLOAD_LIMIT", value: self.settings.payload_limit, actual: length };
        limit.check(StatusCode::PAYLOAD_TOO_LARGE, || "the body has a size in bytes of".to_owned())
    }
}

const JSON: &str = "application/json";

/// A media type without its parameters.
fn media_type(content_type: &str) -> &str {
    content_type.split(';').next().unwrap_or_default().trim()
}
