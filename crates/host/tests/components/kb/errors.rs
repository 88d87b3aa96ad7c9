//! Errors of a real SQLite, as the host passes them on.

use std::io::{Read, Write};
use std::net::TcpStream;

use serde_json::json;

use super::{Databases, Kb, L3, Options, Running, SPIN, component, count, options, serve};

#[test]
#[ignore = "needs packed models: run `cargo xtask test`"]
fn a_store_that_cannot_be_reached() {
    let folder = tempfile::tempdir().expect("a folder can be made");
    let running = serve(&folder.path().join("nowhere/kb.db"), &[], None);
    let (health, ready) = (running.get("/health"), running.get("/ready"));
    assert_eq!((health.status(), ready.status(), ready.header("retry-after")), (200, 503, "1"));
    let health = health.json();
    assert_eq!((&health["status"], &health["database"]["connected"]), (&json!("unhealthy"), &json!(false)));
    let error = health["database"]["error"].as_str().expect("a reason");
    assert!(error.contains("the store cannot be reached: the database file cannot be opened"), "{error}");
    assert!(!error.contains("nowhere"), "the path is for the log: {error}");
    let reply = running.post("/query", "{\"question\": \"a\"}");
    assert_eq!((reply.status(), reply.header("retry-after")), (503, "1"));

    let other = Kb::with(&[("SQLITE_DATABASE", "other")]).running.get("/health").json();
    let error = "the store cannot be reached: the host gives this component no SQLite database `other`";
    assert_eq!(other["database"]["error"], error);

    std::fs::write(
        folder.path().join("text.db"),
        "this is no database, but more than a hundred bytes of text ".repeat(9),
    )
    .expect("a file can be written");
    let reply = serve(&folder.path().join("text.db"), &[], None).post("/query", "{\"question\": \"a\"}");
    assert_eq!((reply.status(), reply.text().contains("the store is damaged")), (500, true), "{}", reply.text());
}

/// The status of a request as a browser would send it; the names in it are its own.
fn status(running: &Running, request: &str, headers: &[&str]) -> u16 {
    let mut stream = TcpStream::connect(running.addr).expect("the server listens");
    let head = [&[request], headers, &["connection: close", "content-length: 0", "", ""]].concat().join("\r\n");
    stream.write_all(head.as_bytes()).expect("the server reads");
    let mut reply = String::new();
    stream.read_to_string(&mut reply).expect("the server answers");
    let status = reply.split(' ').nth(1).and_then(|status| status.parse().ok());
    status.unwrap_or_else(|| panic!("no response: {reply}"))
}

#[test]
#[ignore = "needs packed models: run `cargo xtask test`"]
fn pages_of_other_sites_neither_read_nor_write() {
    let Kb { running, folder: _folder } = &Kb::filled(&[]);
    let (own, evil, json) = ("host: localhost:5001", "host: evil.example:5001", "content-type: application/json");
    assert_eq!(status(running, "GET /documents HTTP/1.1", &[own]), 200);
    // A name that was rebound, and a page of another site.
    assert_eq!(status(running, "GET /documents HTTP/1.1", &[evil]), 403);
    assert_eq!(status(running, "DELETE /documents/card HTTP/1.1", &[evil, "origin: http://evil.example:5001"]), 403);
    assert_eq!(status(running, "DELETE /documents/card HTTP/1.1", &[own, "origin: http://evil.example"]), 403);
    assert_eq!(status(running, "POST /documents/reindex HTTP/1.1", &[own, "content-type: text/plain"]), 415);
    assert_eq!(status(running, "POST /documents/reindex HTTP/1.1", &[own, json, "origin: http://evil.example"]), 403);
    assert_eq!(status(running, "GET /health HTTP/1.1", &[evil]), 200);
    assert_eq!(count(running), 4);
    // A request without a name, with two, and with one that is none.
    assert_eq!(status(running, "GET /documents HTTP/1.0", &[]), 200);
    assert_eq!(status(running, "GET /documents HTTP/1.1", &[own, evil]), 400);
    assert_eq!(status(running, "GET /documents HTTP/1.1", &["host: a b"]), 400);
    assert_eq!(status(running, "DELETE /documents?id=card HTTP/1.1", &[own, "origin: http://localhost:5001"]), 204);
}

#[test]
#[ignore = "needs packed models: run `cargo xtask test`"]
fn credentials_are_in_no_answer() {
    // One that the host does not allow, and one that does not answer.
    let url = "postgres://kb:s3cret@127.0.0.1:1/kb";
    for allowed in [None, Some(url.to_owned())] {
        let databases = Databases { postgres: allowed, ..Databases::default() };
        let options =
            Options { databases: Some(databases), ..options(&[("STORE", "postgres"), ("POSTGRES_URL", url)]) };
        let running = Running::start(&component(SPIN, L3), options);
        let health = running.get("/health");
        assert_eq!(health.status(), 200);
        let others =
            [running.get("/ready"), running.post("/query", "{\"question\": \"a\"}"), running.get("/documents")];
        assert_eq!(others.each_ref().map(|reply| reply.status()), [503; 3]);
        for reply in [health].into_iter().chain(others) {
            let text = reply.text();
            assert!(text.contains("the store cannot be reached: no connection to PostgreSQL"), "{text}");
            assert!(!text.contains("s3cret") && !text.contains("127.0.0.1"), "{text}");
        }
    }
}
