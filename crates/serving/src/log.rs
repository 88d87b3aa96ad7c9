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
    /// Requests that fail.
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
    let failed = response.status.is_client_error() || response.status.is_server_error();
    if level == Level::Off || (level == Level::Error && !failed) {
        return;
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
    if let Ok(line) = serde_json::to_string(&line) {
        eprintln!("{line}");
    }
}
