//! The knowledge base.

use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use serde::Deserialize;
use ureq::http::{Response, StatusCode};
use ureq::tls::{RootCerts, TlsConfig};
use ureq::{Agent, Body};
use url::Url;

use crate::source::{Line, Unsendable};
use crate::{say, secrets};

/// Embedding a batch takes a while on a small machine.
const TIMEOUT: Duration = Duration::from_secs(600);

/// Waits between attempts; the last one again and again.
const WAITS: [u64; 6] = [1, 1, 2, 5, 10, 30];

/// Documents that are listed at once.
const PAGE: usize = 1000;

/// The limit whose excess is told as 503: what was sent takes too long.
const TIME_LIMIT: &str = "MAX_REQUEST_MS";

/// Where documents go.
pub struct Target {
    agent: Agent,
    base: Url,
    key: Option<String>,
    retry_for: Duration,
    batch_size: usize,
    refused: usize,
    stop_on_refused: bool,
}

/// What became of a request that was understood.
enum Outcome {
    Done(Response<Body>),
    /// The documents in it are at fault.
    Refused(String),
}

impl Target {
    pub fn new(base: Url, key: Option<String>, retry_for: Duration, batch_size: usize) -> Result<Self> {
        if base.cannot_be_a_base() || !matches!(base.scheme(), "http" | "https") {
            bail!("{} is no address of a knowledge base: http://HOST:PORT is needed", secrets::address(&base));
        }
        // What this machine trusts, certificates of a company among it.
        let tls = TlsConfig::builder().root_certs(RootCerts::PlatformVerifier).build();
        let config = Agent::config_builder().http_status_as_error(false).timeout_global(Some(TIMEOUT)).tls_config(tls);
        let key = key.filter(|key| !key.is_empty());
        let agent = config.build().into();
        Ok(Self { agent, base, key, retry_for, batch_size, refused: 0, stop_on_refused: false })
    }

    /// Without credentials.
    pub fn address(&self) -> String {
        secrets::address(&self.base)
    }

    pub fn batch_size(&self) -> usize {
        self.batch_size
    }

    /// Documents that were refused so far.
    pub fn refused(&self) -> usize {
        self.refused
    }

    /// Whether the first document that is refused ends it all.
    pub fn stop_on_refused(&mut self, stop: bool) {
        self.stop_on_refused = stop;
    }

    /// What could be read of a document; one that cannot be is named and left out.
    pub fn unless_refused<T>(&mut self, read: Result<T, Unsendable>) -> Result<Option<T>> {
        match read {
            Ok(read) => Ok(Some(read)),
            Err(error) => self.refuse(error.to_string()).map(|()| None),
        }
    }

    fn refuse(&mut self, reason: String) -> Result<()> {
        if self.stop_on_refused {
            bail!("{reason}; without --stop-on-refused it is left out");
        }
        self.refused += 1;
        say(&reason);
        Ok(())
    }

    /// Sends documents. One that is refused is named and left out; the others arrive.
    pub fn put(&mut self, lines: &[Line]) -> Result<()> {
        if lines.is_empty() {
            return Ok(());
        }
        let body: String = lines.iter().flat_map(|line| [&line.json, "\n"]).collect();
        let url = self.url(&["documents"])?;
        let request = || {
            let request = self.authorized(self.agent.put(url.as_str()));
            request.header("content-type", "application/x-ndjson").send(body.as_str())
        };
        match (self.send("PUT /documents", lines.len() > 1, request)?, lines) {
            (Outcome::Done(_), _) => Ok(()),
            (Outcome::Refused(reason), [line]) => self.refuse(format!("document `{}` was refused: {reason}", line.id)),
            (Outcome::Refused(_), _) => {
                let (a, b) = lines.split_at(lines.len() / 2);
                self.put(a)?;
                self.put(b)
            }
        }
    }

    /// Deletes a document. That it is not there is what was wanted.
    pub fn delete(&mut self, id: &str) -> Result<()> {
        let mut url = self.url(&["documents"])?;
        // Not in the path, out of which clients take `.` and `..`.
        url.query_pairs_mut().append_pair("id", id);
        match self.send("DELETE /documents", false, || self.authorized(self.agent.delete(url.as_str())).call())? {
            Outcome::Done(_) => Ok(()),
            Outcome::Refused(reason) => self.refuse(format!("document `{id}` was not deleted: {reason}")),
        }
    }

    /// Ids of all documents that are there.
    pub fn ids(&self) -> Result<Vec<String>> {
        #[derive(Deserialize)]
        struct Page {
            documents: Vec<serde_json::Value>,
            next: Option<String>,
        }
        let mut ids = Vec::new();
        let mut after: Option<String> = None;
        let mut limit = PAGE;
        loop {
            let mut url = self.url(&["documents"])?;
            let shown = limit.to_string();
            url.query_pairs_mut().append_pair("limit", &shown).extend_pairs(after.iter().map(|id| ("after", id)));
            let outcome =
                self.send("GET /documents", limit > 1, || self.authorized(self.agent.get(url.as_str())).call())?;
            let mut response = match outcome {
                Outcome::Done(response) => response,
                // Fewer documents have fewer bytes, of which an answer may have so many.
                Outcome::Refused(_) if limit > 1 => {
                    limit /= 2;
                    continue;
                }
                Outcome::Refused(reason) => bail!("documents cannot be listed: {reason}"),
            };
            let text = response.body_mut().with_config().limit(1 << 30).read_to_string()?;
            let page: Page =
                serde_json::from_str(&text).context("GET /documents: not the answer of a knowledge base")?;
            let id = |document: &serde_json::Value| {
                let id = document.get("_id").or(document.get("id"));
                id.and_then(|id| id.as_str()).map(str::to_owned)
            };
            ids.extend(page.documents.iter().filter_map(id));
            match page.next {
                Some(next) if after.as_ref() != Some(&next) => after = Some(next),
                _ => return Ok(ids),
            }
        }
    }

    fn url(&self, path: &[&str]) -> Result<Url> {
        let mut url = self.base.clone();
        url.path_segments_mut()
            .ok()
            .context("the address of the knowledge base has no path")?
            .pop_if_empty()
            .extend(path);
        Ok(url)
    }

    fn authorized<B>(&self, request: ureq::RequestBuilder<B>) -> ureq::RequestBuilder<B> {
        match &self.key {
            Some(key) => request.header("authorization", format!("Bearer {key}")),
            None => request,
        }
    }

    /// Sends until there is an answer that would not be another one the next time.
    /// What takes too long counts as refused where it is `divisible`.
    fn send(
        &self,
        name: &str,
        divisible: bool,
        request: impl Fn() -> Result<Response<Body>, ureq::Error>,
    ) -> Result<Outcome> {
        let start = Instant::now();
        for attempt in 0.. {
            let reason = match request() {
                Ok(response) if response.status().is_success() => return Ok(Outcome::Done(response)),
                Ok(response) => {
                    let status = response.status();
                    let (reason, limit) = reason(response);
                    match status {
                        // Fewer documents take less time. A single one is tried again.
                        StatusCode::SERVICE_UNAVAILABLE if divisible && limit.as_deref() == Some(TIME_LIMIT) => {
                            return Ok(Outcome::Refused(reason));
                        }
                        StatusCode::NOT_FOUND if name.starts_with("DELETE") => {
                            return Ok(Outcome::Done(Response::new(Body::builder().data(""))));
                        }
                        StatusCode::BAD_REQUEST | StatusCode::PAYLOAD_TOO_LARGE | StatusCode::UNPROCESSABLE_ENTITY => {
                            return Ok(Outcome::Refused(reason));
                        }
                        StatusCode::TOO_MANY_REQUESTS | StatusCode::REQUEST_TIMEOUT => reason,
                        status if status.is_server_error() => reason,
                        _ => bail!("{name}: {reason}"),
                    }
                }
                Err(error) => error.to_string(),
            };
            let wait = Duration::from_secs(WAITS[attempt.min(WAITS.len() - 1)]);
            if start.elapsed() + wait > self.retry_for {
                bail!("{name}: {reason}; given up after {} s", start.elapsed().as_secs());
            }
            say(&format!("{name}: {reason}; trying again in {} s", wait.as_secs()));
            thread::sleep(wait);
        }
        bail!("{name}: no answer")
    }
}

/// Status and message of an answer that is an error, and the name of the limit that was passed.
fn reason(mut response: Response<Body>) -> (String, Option<String>) {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Message {
        Text { error: String, limit: Option<Limit> },
        Object { error: Inner },
    }
    #[derive(Deserialize)]
    struct Limit {
        name: String,
    }
    #[derive(Deserialize)]
    struct Inner {
        message: String,
    }
    let status = response.status();
    let text = response.body_mut().read_to_string().unwrap_or_default();
    let (message, limit) = match serde_json::from_str(&text) {
        Ok(Message::Text { error, limit }) => (error, limit.map(|limit| limit.name)),
        Ok(Message::Object { error: Inner { message } }) => (message, None),
        Err(_) => (text.chars().take(200).collect(), None),
    };
    (format!("{status}: {message}"), limit)
}
