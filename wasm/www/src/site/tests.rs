//! A site on disk, asked without a host.

use std::fs;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use http::Request;
use http_body::Body;
use tempfile::TempDir;

use super::*;

/// Longer than a chunk of the body.
const LONG: usize = 300_000;

fn site() -> (TempDir, Site) {
    let folder = tempfile::tempdir().expect("a folder");
    let write = |name: &str, bytes: &[u8]| fs::write(folder.path().join(name), bytes).expect("a file");
    fs::create_dir(folder.path().join("js")).expect("a folder");
    write("index.html", b"<!doctype html>");
    write("js/main.js", b"export {};");
    write("js/main.js.gz", b"compressed");
    write("engine.wasm", b"\0asm");
    write("large.minilm", &(0..LONG).map(|byte| byte as u8).collect::<Vec<u8>>());
    write(".hidden", b"secret");
    let site = Site::new(folder.path(), "");
    (folder, site)
}

fn ask(site: &Site, method: &str, path: &str, headers: &[(&str, &str)]) -> Response<Vec<u8>> {
    let mut request = Request::builder().method(method).uri(path);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let (parts, body) = site.answer(&request.body(()).expect("a request").into_parts().0).into_parts();
    let mut body = pin!(body);
    let mut bytes = Vec::new();
    while let Poll::Ready(Some(frame)) = body.as_mut().poll_frame(&mut Context::from_waker(Waker::noop())) {
        bytes.extend_from_slice(frame.expect("the file is read").data_ref().expect("data"));
    }
    Response::from_parts(parts, bytes)
}

fn header<'a>(response: &'a Response<Vec<u8>>, name: &str) -> &'a str {
    response.headers().get(name).map_or("", |value| value.to_str().expect("ASCII"))
}

#[test]
fn files_have_their_types() {
    let (_folder, site) = site();
    for (path, expected) in [
        ("/", "text/html; charset=utf-8"),
        ("/js/main.js", "text/javascript; charset=utf-8"),
        ("/engine.wasm", "application/wasm"),
        ("/large.minilm", "application/octet-stream"),
    ] {
        let response = ask(&site, "GET", path, &[]);
        assert_eq!((response.status(), header(&response, "content-type")), (StatusCode::OK, expected), "{path}");
        assert_eq!(header(&response, "content-length"), response.body().len().to_string());
    }
}

#[test]
fn every_answer_has_the_policy() {
    let (_folder, site) = site();
    for (method, path) in [("GET", "/"), ("GET", "/none"), ("POST", "/"), ("HEAD", "/engine.wasm")] {
        let response = ask(&site, method, path, &[]);
        let policy = header(&response, "content-security-policy");
        assert!(policy.contains("default-src 'self'; script-src 'self' 'wasm-unsafe-eval';"), "{policy}");
        assert!(!policy.contains("unsafe-inline"));
        assert_eq!(header(&response, "x-content-type-options"), "nosniff");
        assert_eq!(header(&response, "referrer-policy"), "no-referrer");
    }
}

#[test]
fn long_files_are_whole_and_in_parts() {
    let (_folder, site) = site();
    let whole = ask(&site, "GET", "/large.minilm", &[]);
    assert_eq!(whole.body().len(), LONG);
    assert!(whole.body().iter().enumerate().all(|(index, byte)| *byte == index as u8));
    assert_eq!(header(&whole, "cache-control"), "no-store");
    assert_eq!(header(&whole, "accept-ranges"), "bytes");

    let part = ask(&site, "GET", "/large.minilm", &[("range", "bytes=299000-")]);
    assert_eq!(part.status(), StatusCode::PARTIAL_CONTENT);
    assert_eq!(header(&part, "content-range"), format!("bytes 299000-{}/{LONG}", LONG - 1));
    assert_eq!(part.body(), &whole.body()[299_000..]);
    assert_eq!(header(&part, "etag"), header(&whole, "etag"));

    let beyond = ask(&site, "GET", "/large.minilm", &[("range", "bytes=300000-")]);
    assert_eq!(
        (beyond.status(), header(&beyond, "content-range")),
        (StatusCode::RANGE_NOT_SATISFIABLE, "bytes */300000")
    );
}

#[test]
fn what_is_there_is_not_sent_again() {
    let (folder, site) = site();
    let first = ask(&site, "GET", "/", &[]);
    assert_eq!(header(&first, "cache-control"), "no-cache");
    let etag = header(&first, "etag").to_owned();
    let second = ask(&site, "GET", "/", &[("if-none-match", &etag)]);
    assert_eq!((second.status(), second.body().len()), (StatusCode::NOT_MODIFIED, 0));
    assert_eq!(header(&second, "etag"), etag);
    fs::write(folder.path().join("index.html"), "another page").expect("a file");
    assert_eq!(ask(&site, "GET", "/", &[("if-none-match", &etag)]).status(), StatusCode::OK);
}

#[test]
fn compressed_files_go_to_those_who_take_them() {
    let (_folder, site) = site();
    let plain = ask(&site, "GET", "/js/main.js", &[]);
    let gzip = ask(&site, "GET", "/js/main.js", &[("accept-encoding", "gzip, br")]);
    assert_eq!((plain.body().as_slice(), header(&plain, "content-encoding")), (&b"export {};"[..], ""));
    assert_eq!((gzip.body().as_slice(), header(&gzip, "content-encoding")), (&b"compressed"[..], "gzip"));
    assert_eq!(header(&gzip, "content-type"), "text/javascript; charset=utf-8");
    for response in [&plain, &gzip] {
        assert_eq!(header(response, "vary"), "accept-encoding");
    }
    assert_ne!(header(&plain, "etag"), header(&gzip, "etag"));
    let page = ask(&site, "GET", "/", &[("accept-encoding", "gzip")]);
    assert_eq!((header(&page, "vary"), header(&page, "content-encoding")), ("", ""));
}

#[test]
fn heads_have_no_body() {
    let (_folder, site) = site();
    let head = ask(&site, "HEAD", "/js/main.js", &[]);
    assert_eq!((head.status(), head.body().len()), (StatusCode::OK, 0));
    assert_eq!(header(&head, "etag"), header(&ask(&site, "GET", "/js/main.js", &[]), "etag"));
}

#[test]
fn other_methods_and_paths_are_refused() {
    let (_folder, site) = site();
    for method in ["POST", "PUT", "DELETE", "OPTIONS", "PATCH"] {
        let refused = ask(&site, method, "/", &[]);
        assert_eq!((refused.status(), header(&refused, "allow")), (StatusCode::METHOD_NOT_ALLOWED, "GET, HEAD"));
    }
    for path in
        ["/none", "/js", "/js/", "/.hidden", "/%2ehidden", "/../Cargo.toml", "/js/%2e%2e/index.html", "/js//main.js"]
    {
        assert_eq!(ask(&site, "GET", path, &[]).status(), StatusCode::NOT_FOUND, "{path}");
    }
}

#[test]
fn a_site_under_a_path_redirects_to_its_folder() {
    let (folder, _) = site();
    for base in ["/www", "www/", "/www/"] {
        let site = Site::new(folder.path(), base);
        let redirect = ask(&site, "GET", "/www", &[]);
        assert_eq!((redirect.status(), header(&redirect, "location")), (StatusCode::PERMANENT_REDIRECT, "www/"));
        assert_eq!(ask(&site, "GET", "/www/js/main.js", &[]).status(), StatusCode::OK);
        assert_eq!(ask(&site, "GET", "/js/main.js", &[]).status(), StatusCode::NOT_FOUND);
    }
}
