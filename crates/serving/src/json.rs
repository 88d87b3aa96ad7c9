//! Reading JSON bodies.

use http::StatusCode;
use serde::de::DeserializeOwned;
use serde_json::error::Category;

use crate::problem::Problem;

/// The value in `body`.
///
/// # Errors
/// 400 where it is not JSON, 422 where it is JSON of another kind; both say where.
pub fn parse<T: DeserializeOwned>(body: &[u8]) -> Result<T, Problem> {
    serde_json::from_slice(body).map_err(|error| match error.classify() {
        Category::Data => Problem::invalid(format!("body: {error}")),
        _ => Problem::new(StatusCode::BAD_REQUEST, format!("body is not valid JSON: {error}")),
    })
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn errors_have_a_position() {
        let error = parse::<Vec<u8>>(b"[1,\n 2").expect_err("cut off");
        assert_eq!(error.message(), "body is not valid JSON: EOF while parsing a list at line 2 column 2");
        let error = parse::<Vec<u8>>(b"[1, \"a\"]").expect_err("wrong type");
        assert!(error.message().ends_with("at line 1 column 7"), "{}", error.message());
    }

    #[test]
    fn hostile_bodies_are_errors() {
        let deep = [b'['; 100_000];
        for body in [&b""[..], b"\xff\xfe", b"\"\xc3(\"", b"1e999", b"[] []", &deep] {
            assert!(parse::<serde_json::Value>(body).is_err());
        }
    }
}
