//! Bodies that come slowly, or never to their end.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream};
use std::thread::sleep;
use std::time::Duration;

use minilm_host::serve::{Limits, Options};

use super::http;
use crate::running::{Running, options};

/// One instance for all requests, so that a slow one could hold up the others.
const SHARED: Limits =
    Limits { max_instance_reuse_count: 128, max_instance_concurrent_reuse_count: 16, max_concurrent_requests: 64 };

fn begin(running: &Running, length: usize) -> TcpStream {
    let mut stream = TcpStream::connect(running.addr).expect("the server listens");
    let head = format!(
        "POST /embed HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).expect("the server reads");
    stream
}

fn status_line(mut stream: TcpStream) -> String {
    let mut answer = vec![0; 64];
    let read = stream.read(&mut answer).expect("the server answers");
    String::from_utf8_lossy(&answer[..read]).lines().next().unwrap_or_default().to_owned()
}

#[test]
#[ignore = "needs packed models: run `cargo xtask test`"]
fn a_slow_body_holds_up_nobody() {
    let running = Running::start(&http(), Options { limits: SHARED, ..options(&[]) });
    let body = b"{\"inputs\": \"slow\"}";
    let mut slow = begin(&running, body.len());
    for byte in body {
        slow.write_all(&[*byte]).expect("the server reads");
        sleep(Duration::from_millis(5));
        assert_eq!(running.embed(&["quick"]).len(), 384);
    }
    assert_eq!(status_line(slow), "HTTP/1.1 200 OK");
}

#[test]
#[ignore = "needs packed models: run `cargo xtask test`"]
fn a_server_that_ends_answers_what_is_under_way() {
    let mut running = Running::start(&http(), Options { limits: SHARED, ..options(&[]) });
    // Compiled, and with an instance.
    running.embed(&["first"]);
    let body = b"{\"inputs\": \"slow\"}";
    let mut slow = begin(&running, body.len());
    slow.write_all(&body[..5]).expect("the server reads");
    // Long enough for the request to be under way, and for the server to see that it has to end.
    sleep(Duration::from_millis(500));
    running.stop();
    sleep(Duration::from_millis(500));
    assert!(TcpStream::connect(running.addr).is_err(), "no new connection is accepted");
    slow.write_all(&body[5..]).expect("the server reads");
    assert_eq!(status_line(slow), "HTTP/1.1 200 OK");
}

#[test]
#[ignore = "needs packed models: run `cargo xtask test`"]
fn a_body_that_ends_early_harms_nobody() {
    let running = Running::start(&http(), Options { limits: SHARED, ..options(&[]) });
    let expected = running.embed(&["after"]);
    for _ in 0..50 {
        let mut cut = begin(&running, 1000);
        cut.write_all(b"{\"inputs\": ").expect("the server reads");
        cut.shutdown(Shutdown::Both).expect("a connection can be closed");
        assert_eq!(running.embed(&["after"]), expected);
    }
}

#[test]
#[ignore = "needs packed models: run `cargo xtask test`"]
fn a_body_without_a_length_ends_at_the_limit() {
    let running = Running::start(&http(), Options { limits: SHARED, ..options(&[("PAYLOAD_LIMIT", "100000")]) });
    let mut stream = TcpStream::connect(running.addr).expect("the server listens");
    let head = "POST /embed HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n";
    stream.write_all(head.as_bytes()).expect("the server reads");
    let chunk = [b"1000\r\n".as_slice(), &[b' '; 0x1000], b"\r\n"].concat();
    for _ in 0..25 {
        stream.write_all(&chunk).expect("the server reads");
    }
    assert_eq!(status_line(stream), "HTTP/1.1 413 Payload Too Large");
}

#[test]
#[ignore = "needs packed models: run `cargo xtask test`"]
fn more_requests_at_once_than_allowed_are_told_to_wait() {
    let running = Running::start(&http(), Options { limits: SHARED, ..options(&[("MAX_CONCURRENT_REQUESTS", "1")]) });
    let mut first = begin(&running, 15);
    // Long enough for it to be the first.
    sleep(Duration::from_millis(500));
    // The instance has seen the first request as soon as it refuses another.
    let refused = (0..100).find_map(|_| {
        sleep(Duration::from_millis(20));
        Some(running.post("/embed", "{\"inputs\": \"b\"}")).filter(|reply| reply.status() != 200)
    });
    let refused = refused.expect("the second request is refused");
    assert_eq!((refused.status(), refused.header("retry-after")), (429, "1"));
    assert_eq!(refused.json()["error_type"], "Overloaded");
    first.write_all(b"{\"inputs\": \"a\"}").expect("the server reads");
    assert_eq!(status_line(first), "HTTP/1.1 200 OK");
    assert_eq!(running.post("/embed", "{\"inputs\": \"b\"}").status(), 200);
}

#[test]
#[ignore = "needs packed models: run `cargo xtask test`"]
fn a_refused_body_leaves_its_connection_usable() {
    let running = Running::start(&http(), Options { limits: SHARED, ..options(&[]) });
    let mut stream = TcpStream::connect(running.addr).expect("the server listens");
    for (content_type, length, status) in [("text/plain", 100, "415"), ("application/json", 5_000_000, "413")] {
        let head = format!(
            "POST /embed HTTP/1.1\r\nhost: localhost\r\ncontent-type: {content_type}\r\ncontent-length: {length}\r\n\r\n"
        );
        stream.write_all(head.as_bytes()).expect("the server reads");
        // All of it before the answer is read, as most clients do.
        stream.write_all(&vec![b' '; length]).expect("the server reads");
        let answer = read_answer(&mut stream);
        assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{answer}");
    }
    let head = "GET /health HTTP/1.1\r\nhost: localhost\r\n\r\n";
    stream.write_all(head.as_bytes()).expect("the connection is still there");
    assert!(read_answer(&mut stream).starts_with("HTTP/1.1 200 "));
}

/// Head and body of the next answer.
fn read_answer(stream: &mut TcpStream) -> String {
    let mut answer = Vec::new();
    let mut byte = [0];
    while !answer.ends_with(b"\r\n\r\n") {
        stream.read_exact(&mut byte).expect("the server answers");
        answer.push(byte[0]);
    }
    let head = String::from_utf8_lossy(&answer).to_ascii_lowercase();
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")?.parse().ok()).unwrap_or(0);
    let mut body = vec![0; length];
    stream.read_exact(&mut body).expect("the body is whole");
    String::from_utf8_lossy(&[answer, body].concat()).into_owned()
}
