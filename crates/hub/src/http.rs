//! One GET request: timeouts, redirects, and which failures mean "not reachable".

use std::fmt::Display;
use std::time::Duration;

use ureq::http::{HeaderMap, StatusCode, header};
use ureq::tls::{RootCerts, TlsConfig};
use url::{Origin, Url};

use super::Error;
use super::names::{is_revision, is_sha256};

const MAX_REDIRECTS: usize = 8;

/// How long to wait for a server.
#[derive(Debug, Clone, Copy)]
pub struct Patience {
    /// DNS, and then TCP with TLS.
    pub connect: Duration,
    /// Between the request and the head of the response.
    pub response: Duration,
    /// Between two pieces of the body.
    pub stall: Duration,
    /// Before going on after a connection that broke.
    pub pause: Duration,
}

impl Patience {
    /// For what the user has asked for.
    pub const NORMAL: Patience = Patience {
        connect: Duration::from_secs(10),
        response: Duration::from_secs(30),
        stall: Duration::from_secs(30),
        pause: Duration::from_secs(1),
    };
    /// For what can be done without: every run asks, so a firewall that swallows packets must not cost much.
    pub const SHORT: Patience =
        Patience { connect: Duration::from_secs(3), response: Duration::from_secs(5), ..Patience::NORMAL };
}

/// An HTTP client that trusts what the system trusts (`SSL_CERT_FILE` and company certificates included).
#[derive(Debug)]
pub struct Client {
    agent: ureq::Agent,
    /// See [`Patience::pause`].
    pub pause: Duration,
}

/// What to ask for.
#[derive(Debug, Clone, Copy)]
pub struct Get<'a> {
    /// The address.
    pub url: &'a Url,
    /// Bearer token, for the origin of `url` alone.
    pub token: Option<&'a str>,
}

/// A response with status 200, 206 or 416.
#[derive(Debug)]
pub struct Answer {
    /// Status, head and body after redirects.
    pub response: ureq::http::Response<ureq::Body>,
    /// The sha256 that the first host announced in `x-linked-etag`: the hub does so where it redirects to storage.
    pub announced_sha256: Option<String>,
    /// The commit that the file is of, which the first host announced in `x-repo-commit`.
    pub commit: Option<String>,
}

impl Client {
    /// `proxy` is explicit because tests must not pick up the one of the environment.
    pub fn new(patience: Patience, proxy: Option<ureq::Proxy>) -> Client {
        let tls = TlsConfig::builder().root_certs(RootCerts::PlatformVerifier).build();
        let agent = ureq::Agent::config_builder()
            .tls_config(tls)
            .proxy(proxy)
            .user_agent(concat!("minilm-wasm/", env!("CARGO_PKG_VERSION")))
            .http_status_as_error(false)
            // Redirects are followed below: the token and x-linked-etag belong to the first host only.
            .max_redirects(0)
            .max_redirects_will_error(false)
            .timeout_resolve(Some(patience.connect))
            .timeout_connect(Some(patience.connect))
            .timeout_recv_response(Some(patience.response))
            .timeout_per_read(Some(patience.stall))
            .build()
            .new_agent();
        Client { agent, pause: patience.pause }
    }

    /// Sends `get` with extra headers, through redirects.
    pub fn get(&self, get: Get<'_>, headers: &[(&str, String)]) -> Result<Answer, Error> {
        let first = get.url.origin();
        let mut url = get.url.clone();
        let (mut announced_sha256, mut commit) = (None, None);
        for _ in 0..=MAX_REDIRECTS {
            let at_first = url.origin() == first;
            let response = self.send(&url, get.token.filter(|_| at_first), headers)?;
            if at_first && announced_sha256.is_none() {
                announced_sha256 = linked_sha256(response.headers());
            }
            if at_first && commit.is_none() {
                commit =
                    text(response.headers(), "x-repo-commit").filter(|commit| is_revision(commit)).map(str::to_owned);
            }
            let status = response.status();
            if status.is_redirection() {
                url = redirect_target(&url, &first, response.headers())?;
                continue;
            }
            return match status {
                StatusCode::OK | StatusCode::PARTIAL_CONTENT | StatusCode::RANGE_NOT_SATISFIABLE => {
                    Ok(Answer { response, announced_sha256, commit })
                }
                StatusCode::PROXY_AUTHENTICATION_REQUIRED => {
                    Err(unreachable(&url, "the proxy asks for credentials (407); put them into HTTPS_PROXY"))
                }
                _ if status.is_server_error() => Err(unreachable(&url, format!("the server answered {status}"))),
                _ => Err(Error::Refused { url: shown(&url), status: status.as_u16() }),
            };
        }
        Err(Error::invalid(shown(get.url), "too many redirects"))
    }

    fn send(
        &self,
        url: &Url,
        token: Option<&str>,
        headers: &[(&str, String)],
    ) -> Result<ureq::http::Response<ureq::Body>, Error> {
        // A body that a server compresses on the way could neither be resumed nor checked for its size.
        let mut request = self.agent.get(url.as_str()).header(header::ACCEPT_ENCODING, "identity");
        if let Some(token) = token {
            request = request.header(header::AUTHORIZATION, format!("Bearer {token}"));
        }
        for (name, value) in headers {
            request = request.header(*name, value);
        }
        request.call().map_err(|error| match error {
            ureq::Error::Http(_) | ureq::Error::BadUri(_) | ureq::Error::InvalidProxyUrl => {
                Error::invalid(shown(url), error)
            }
            ureq::Error::Io(error) => unreachable(url, error),
            _ => unreachable(url, error),
        })
    }
}

/// An [`Error::Unreachable`].
pub fn unreachable(url: &Url, reason: impl Display) -> Error {
    Error::Unreachable { url: shown(url), reason: reason.to_string() }
}

/// The URL for messages: signed queries and credentials do not belong into logs.
pub fn shown(url: &Url) -> String {
    let mut url = url.clone();
    url.set_query(None);
    // Only URLs without a host refuse this, and those carry no credentials.
    let _ = url.set_username("");
    let _ = url.set_password(None);
    url.to_string()
}

/// A header as text.
pub fn text<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

fn linked_sha256(headers: &HeaderMap) -> Option<String> {
    let etag = text(headers, "x-linked-etag")?.trim_matches('"');
    is_sha256(etag).then(|| etag.to_owned())
}

fn redirect_target(from: &Url, first: &Origin, headers: &HeaderMap) -> Result<Url, Error> {
    let location = text(headers, "location").unwrap_or_default();
    let target =
        from.join(location).map_err(|error| Error::invalid(shown(from), format!("redirect to nowhere: {error}")))?;
    let allowed = match target.scheme() {
        "https" => true,
        // Only what began without encryption may go on without it.
        "http" => matches!(first, Origin::Tuple(scheme, ..) if scheme == "http"),
        _ => false,
    };
    if location.is_empty() || !allowed {
        return Err(Error::invalid(shown(from), format!("refused to follow a redirect to {}", shown(&target))));
    }
    Ok(target)
}
