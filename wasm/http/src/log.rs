//! One line of JSON on standard error for each request.

use std::time::{Duration, SystemTime};

use http::request::Parts;
use serde::Serialize;

use crate::Answer;
use crate::answer::milliseconds;

/// What is logged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    /// Nothing.
    Off,
    /// Answers that are errors.
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
    work: Option<WorkFields>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<&'a str>,
}

#[derive(Serialize)]
struct WorkFields {
    texts: usize,
    tokens: usize,
    truncated: usize,
    inference_ms: f64,
}

/// Writes the line, where `level` asks for it.
pub fn write(level: Level, id: &str, request: &Parts, answer: &Answer, duration: Duration) {
    let failed = answer.status.is_client_error() || answer.status.is_server_error();
    if level == Level::Off || (level == Level::Error && !failed) {
        return;
    }
    let line = Line {
        time: humantime::format_rfc3339_millis(SystemTime::now()).to_string(),
        level: if failed { "error" } else { "info" },
        request_id: id,
        method: request.method.as_str(),
        path: request.uri.path(),
        status: answer.status.as_u16(),
        duration_ms: milliseconds(duration),
        work: answer.work.map(|work| WorkFields {
            texts: work.texts,
            tokens: work.tokens,
            truncated: work.truncated,
            inference_ms: work.inference_ms(),
        }),
        error: answer.error.as_deref(),
    };
    if let Ok(line) = serde_json::to_string(&line) {
        eprintln!("{line}");
    }
}
