//! The component that serves the page, in real wasmtime, with a folder and nothing else.

use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;

use tempfile::TempDir;
use ureq::http::Request;

use minilm_host::Access;
use minilm_host::serve::{Limits, Options};

use crate::bare;
use crate::running::{Reply, Running};

/// More than fits into one chunk, or into what a host buffers.
const LARGE: usize = 5_000_000;

fn serve(base: &str) -> (TempDir, Running) {
    let parent = tempfile::tempdir().expect("a folder");
    let site = parent.path().join("site");
    fs::create_dir_all(site.join("js")).expect("a folder");
    let bytes: Vec<u8> = (0..LARGE).map(|index| (index % 251) as u8).collect();
    for (name, bytes) in [
        ("secret", b"secret".as_slice()),
        ("site/index.html", b"<!doctype html>"),
        ("site/js/main.js", b"export {};"),
        ("site/js/main.js.gz", b"compressed"),
        ("site/large.minilm", &bytes),
    ] {
        fs::write(parent.path().join(name), bytes).expect("a file");
    }
    let limits = Limits { max_instance_concurrent_reuse_count: 16, ..Limits::default() };
    let mut options = Options { limits, ..Options::default() };
    options.env.set("BASE_PATH", base).mount(site, "/", Access::Read);
    (parent, Running::start(&bare("www"), options))
}

fn ask(running: &Running, method: &str, path: &str, headers: &[(&str, &str)]) -> Reply {
    let mut request = Request::builder().method(method).uri(path);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    running.send(request.body(Vec::new()).expect("a request"))
}

#[test]
#[ignore = "builds a component: run `cargo xtask test`"]
fn files_are_served_with_the_policy() {
    let (_folder, running) = serve("");
    let page = running.get("/");
    assert_eq!((page.status(), page.text().as_str()), (200, "<!doctype html>"));
    assert_eq!(page.header("content-type"), "text/html; charset=utf-8");
    assert!(page.header("content-security-policy").contains("script-src 'self' 'wasm-unsafe-eval'"));

    let gzip = ask(&running, "GET", "/js/main.js", &[("accept-encoding", "gzip")]);
    assert_eq!((gzip.status(), gzip.header("vary")), (200, "accept-encoding"));
    let unchanged = ask(&running, "GET", "/", &[("if-none-match", page.header("etag"))]);
    assert_eq!((unchanged.status(), unchanged.text().as_str()), (304, ""));
    let head = ask(&running, "HEAD", "/", &[]);
    assert_eq!((head.status(), head.header("content-length"), head.text().as_str()), (200, "15", ""));
    let refused = ask(&running, "POST", "/", &[]);
    assert_eq!((refused.status(), refused.header("allow")), (405, "GET, HEAD"));
    assert_eq!(running.get("/none").status(), 404);
}

#[test]
#[ignore = "builds a component: run `cargo xtask test`"]
fn large_files_are_whole_to_many_at_once_and_in_parts() {
    let (_folder, running) = serve("");
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                let whole = running.get("/large.minilm");
                assert_eq!(whole.0.body().len(), LARGE);
                assert!(whole.0.body().iter().enumerate().all(|(index, byte)| *byte == (index % 251) as u8));
            });
        }
    });
    let part = ask(&running, "GET", "/large.minilm", &[("range", "bytes=4999990-")]);
    assert_eq!((part.status(), part.0.body().len()), (206, 10));
    assert_eq!(part.header("content-range"), format!("bytes 4999990-4999999/{LARGE}"));
}

/// Clients tidy paths up before they send them, so these are sent by hand.
#[test]
#[ignore = "builds a component: run `cargo xtask test`"]
fn no_path_leads_out_of_the_folder() {
    let (_folder, running) = serve("");
    for path in ["/../secret", "/js/../../secret", "/%2e%2e/secret", "/..%2fsecret", "/..%5csecret", "//secret"] {
        let mut stream = TcpStream::connect(running.addr).expect("the server listens");
        write!(stream, "GET {path} HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n").expect("a request is sent");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("the server answers");
        assert!(answer.starts_with("HTTP/1.1 404 "), "{path}: {answer}");
        assert!(!answer.ends_with("secret"), "{path}");
    }
}

#[test]
#[ignore = "builds a component: run `cargo xtask test`"]
fn a_site_can_lie_under_a_path() {
    let (_folder, running) = serve("/www");
    assert_eq!(running.get("/www/js/main.js").status(), 200);
    assert_eq!(running.get("/js/main.js").status(), 404);
    // Followed by the client.
    assert_eq!(running.get("/www").text(), "<!doctype html>");
}
