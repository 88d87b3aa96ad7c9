//! One line of JSON on standard error for each request.

use std::time::{Duration, SystemTime};

use http::request::Parts;
use serde::Serialize;

use crate::response::{Response, milliseconds};

/// What is logged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    /// Nothing.
    Off,
    /// Errors: requests that were refused or failed.
    Error,
    /// Every request.
    Info,
}

impl std::str::FromStr for Level {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        match text {
            "off" => Ok(Self::Off),
            "error" => Ok(Self::Error),
            "info" => Ok(Self::Info),
            _ => Err(()),
        }
    }
}

#[derive(Serialize)]
struct Line<'a> {
    time: String,
    level: &'static str,
    request_id: &'a str,
    method: &'a str,
    path: &'a str,
    status: u16,
    duration_ms: f64,
    #[serde(flatten)]
    usage: Option<UsageFields>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<&'a str>,
}

#[derive(Serialize)]
struct UsageFields {
    texts: usize,
    tokens: usize,
    truncated: usize,
    inference_ms: f64,
}

/// Writes the line, where `level` asks for it.
pub fn write(level: Level, id: &str, request: &Parts, response: &Response, duration: Duration) {
    if let Some(line) = line(level, id, request, response, duration) {
        eprintln!("{line}");
    }
}

fn line(level: Level, id: &str, request: &Parts, response: &Response, duration: Duration) -> Option<String> {
    // Not by the status alone: 404 is also the result of a search that finds nothing.
    let failed = response.error.is_some() || response.status.is_server_error();
    if level == Level::Off || (level == Level::Error && !failed) {
        return None;
    }
    let line = Line {
        time: humantime::format_rfc3339_millis(SystemTime::now()).to_string(),
        level: if failed { "error" } else { "info" },
        request_id: id,
        method: request.method.as_str(),
        path: request.uri.path(),
        status: response.status.as_u16(),
        duration_ms: milliseconds(duration),
        usage: response.usage.map(|usage| UsageFields {
            texts: usage.texts,
            tokens: usage.tokens,
            truncated: usage.truncated,
            inference_ms: usage.inference_ms(),
        }),
        error: response.error.as_deref(),
    };
    serde_json::to_string(&line).ok()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use http::{Request, StatusCode};

    use super::Level;
    use crate::{Dialect, Problem};

    #[test]
    fn what_a_client_sent_is_not_in_the_log() {
        let (request, ()) = Request::post("/embed").body(()).expect("a valid request").into_parts();
        let secret = "my private text";
        let problems = [
            crate::json::parse::<bool>(format!("\"{secret}\"").as_bytes(), false).expect_err("another kind"),
            Problem::unknown_model(secret, "tiny"),
        ];
        for problem in problems {
            assert!(problem.message().contains(secret));
            let response = problem.into_response(Dialect::Tei);
            let line = super::line(Level::Info, "id", &request, &response, Duration::ZERO).expect("a line");
            assert!(!line.contains(secret) && line.contains("error"), "{line}");
        }
    }

    #[test]
    fn a_result_without_matches_is_no_error() {
        let (request, ()) = Request::post("/query").body(()).expect("a valid request").into_parts();
        let line = |level, problem: &Problem| {
            let response = problem.clone().into_response(Dialect::Flask);
            super::line(level, "id", &request, &response, Duration::ZERO)
        };
        let field = |line: Option<String>, name: &str| {
            serde_json::from_str::<serde_json::Value>(&line.expect("a line")).expect("JSON")[name].clone()
        };
        let missing = Problem::new(StatusCode::NOT_FOUND, "there is no document");
        assert_eq!(field(line(Level::Info, &missing), "level"), "error");
        assert_eq!(field(line(Level::Error, &missing), "error"), "there is no document");

        let result = missing.as_result();
        assert_eq!(field(line(Level::Info, &result), "level"), "info");
        assert_eq!(field(line(Level::Info, &result), "status"), 404);
        assert!(line(Level::Error, &result).is_none());
        assert!(line(Level::Off, &result).is_none());
    }
}
