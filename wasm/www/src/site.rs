//! The folder, and the answer to a request.

use std::io::{Seek, SeekFrom};
use std::path::{Path, PathBuf};

use headers::ETag;
use http::header::{
    ACCEPT_RANGES, ALLOW, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_RANGE, CONTENT_TYPE, ETAG,
    HeaderName, HeaderValue, LOCATION, VARY,
};
use http::request::Parts;
use http::{Method, Response, StatusCode};

use crate::FileBody;
use crate::conditions::{self, Part};
use crate::path::{self, Place};
use crate::policy;
use crate::variant::Variant;

/// Asked for anew each time, which costs an answer without a body: names of files do not change with what is in them.
const REVALIDATE: &str = "no-cache";
/// Models are kept by the page, in a cache of its own; the browser's would hold them a second time.
const NOT_KEPT: &str = "no-store";

/// A folder that is served.
#[derive(Debug)]
pub struct Site {
    root: PathBuf,
    base: String,
}

impl Site {
    /// The site in the folder `root`, under the path `base`.
    #[must_use]
    pub fn new(root: impl Into<PathBuf>, base: &str) -> Self {
        let base = base.trim_matches('/');
        let base = if base.is_empty() { String::new() } else { format!("/{base}") };
        Self { root: root.into(), base }
    }

    /// As the environment variables `SITE_ROOT` (default `/`) and `BASE_PATH` (default none) say.
    #[must_use]
    pub fn from_env() -> Self {
        let root = std::env::var_os("SITE_ROOT").filter(|root| !root.is_empty());
        Self::new(root.unwrap_or_else(|| "/".into()), &std::env::var("BASE_PATH").unwrap_or_default())
    }

    /// Answers a request.
    #[must_use]
    pub fn answer(&self, request: &Parts) -> Response<FileBody> {
        let mut response = if request.method != Method::GET && request.method != Method::HEAD {
            let mut refused = text(StatusCode::METHOD_NOT_ALLOWED, "only GET and HEAD\n");
            refused.headers_mut().insert(ALLOW, HeaderValue::from_static("GET, HEAD"));
            refused
        } else {
            match path::find(&self.base, request.uri.path()) {
                Place::File(file) => self.file(&file, request),
                Place::Redirect(target) => redirect(&target),
                Place::Nowhere => missing(),
            }
        };
        policy::add(response.headers_mut());
        if request.method == Method::HEAD {
            *response.body_mut() = FileBody::text("");
        }
        response
    }

    fn file(&self, path: &Path, request: &Parts) -> Response<FileBody> {
        let Ok(mut variant) = Variant::open(&self.root.join(path), &request.headers) else { return missing() };
        let part = match variant.etag.parse::<ETag>() {
            Ok(etag) => conditions::part(&request.headers, &etag, variant.length),
            Err(_) => Part::Whole,
        };
        let mut response = Response::new(FileBody::text(""));
        let mut set = |name: HeaderName, value: &str| {
            if let Ok(value) = HeaderValue::from_str(value) {
                response.headers_mut().insert(name, value);
            }
        };
        set(ETAG, &variant.etag);
        let is_model = path.extension().is_some_and(|extension| extension == "minilm");
        set(CACHE_CONTROL, if is_model { NOT_KEPT } else { REVALIDATE });
        if variant.varies {
            set(VARY, "accept-encoding");
        }
        if part == Part::Unchanged {
            *response.status_mut() = StatusCode::NOT_MODIFIED;
            return response;
        }

        let (status, first, length) = match part {
            Part::Bytes(first, last) => {
                set(CONTENT_RANGE, &format!("bytes {first}-{last}/{}", variant.length));
                (StatusCode::PARTIAL_CONTENT, first, last - first + 1)
            }
            Part::Beyond => {
                set(CONTENT_RANGE, &format!("bytes */{}", variant.length));
                *response.status_mut() = StatusCode::RANGE_NOT_SATISFIABLE;
                return response;
            }
            Part::Whole | Part::Unchanged => (StatusCode::OK, 0, variant.length),
        };
        set(CONTENT_TYPE, &content_type(path));
        set(CONTENT_LENGTH, &length.to_string());
        set(ACCEPT_RANGES, "bytes");
        if variant.gzip {
            set(CONTENT_ENCODING, "gzip");
        }
        if first > 0 && variant.file.seek(SeekFrom::Start(first)).is_err() {
            return text(StatusCode::INTERNAL_SERVER_ERROR, "the file cannot be read\n");
        }
        *response.status_mut() = status;
        *response.body_mut() = FileBody::file(variant.file, length);
        response
    }
}

/// By the name; texts are UTF-8.
fn content_type(path: &Path) -> String {
    let mime = mime_guess::from_path(path).first_or_octet_stream();
    let text =
        mime.type_() == "text" || mime.subtype() == "json" || mime.suffix().is_some_and(|suffix| suffix == "xml");
    if text { format!("{mime}; charset=utf-8") } else { mime.to_string() }
}

fn missing() -> Response<FileBody> {
    text(StatusCode::NOT_FOUND, "there is nothing here\n")
}

fn redirect(target: &str) -> Response<FileBody> {
    let mut response = text(StatusCode::PERMANENT_REDIRECT, "");
    if let Ok(target) = HeaderValue::from_str(target) {
        response.headers_mut().insert(LOCATION, target);
    }
    response
}

fn text(status: StatusCode, text: &'static str) -> Response<FileBody> {
    let mut response = Response::new(FileBody::text(text));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    headers.insert(CONTENT_LENGTH, text.len().into());
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

#[cfg(test)]
mod tests;
