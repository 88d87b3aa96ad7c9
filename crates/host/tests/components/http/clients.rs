//! What clients may do with their connections: how slow they may be, and how many.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::thread::sleep;
use std::time::{Duration, Instant};

use minilm_host::serve::{Clients, Limits, Options};

use super::http;
use crate::running::{Running, options};

const SHORT: Duration = Duration::from_millis(300);

/// Longer than anything here should take on a busy machine.
const LONG: Duration = Duration::from_secs(20);

fn start(limits: Limits, clients: Clients) -> Running {
    let running = Running::start(&http(), Options { limits, clients, ..options(&[]) });
    // Compiled, and with an instance.
    running.embed(&["first"]);
    running
}

/// A connection on which this much of a request was sent.
fn sent(running: &Running, head: &str) -> TcpStream {
    let mut stream = TcpStream::connect(running.addr).expect("the server listens");
    stream.set_read_timeout(Some(LONG)).expect("a limit can be set");
    stream.write_all(head.as_bytes()).expect("the server reads");
    stream
}

/// Everything that comes until the server closes the connection.
fn until_closed(mut stream: TcpStream) -> Vec<u8> {
    let mut all = Vec::new();
    match stream.read_to_end(&mut all) {
        Ok(_) => all,
        Err(error) if error.kind() == std::io::ErrorKind::ConnectionReset => all,
        Err(error) => panic!("the server leaves the connection open: {error}"),
    }
}

fn post(length: usize) -> String {
    format!(
        "POST /embed HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n\r\n"
    )
}

#[test]
#[ignore = "needs packed models: run `cargo xtask test`"]
fn half_heads_and_idle_connections_are_closed_and_make_room() {
    let running = start(Limits::default(), Clients { head_timeout: SHORT, max_connections: 2, ..Clients::default() });
    // The connection of the first request is idle, and closed by then.
    sleep(2 * SHORT);
    let begin = Instant::now();
    let (half, idle) = (sent(&running, "GET /health HTTP/1.1\r\nho"), sent(&running, ""));
    // Is accepted when another has gone.
    let mut third = sent(&running, "GET /health HTTP/1.1\r\nhost: localhost\r\n\r\n");
    let mut answer = [0; 15];
    third.read_exact(&mut answer).expect("the server answers");
    assert_eq!(&answer, b"HTTP/1.1 200 OK");
    assert!(begin.elapsed() >= SHORT, "a third connection was accepted");
    until_closed(half);
    until_closed(idle);
    // One that had an answer is idle too.
    until_closed(third);
}

#[test]
#[ignore = "needs packed models: run `cargo xtask test`"]
fn slow_bodies_end_and_keep_nobody_from_asking_for_health() {
    let limits = Limits { max_concurrent_requests: 4, ..Limits::default() };
    let clients = Clients { body_timeout: 3 * SHORT, queue_timeout: SHORT, ..Clients::default() };
    let running = start(limits, clients);
    let slow: Vec<TcpStream> = (0..4).map(|_| sent(&running, &(post(100) + "{"))).collect();
    sleep(SHORT / 3);
    let begin = Instant::now();
    for path in ["/health", "/ready", "/ping"] {
        assert_eq!(running.get(path).status(), 200, "{path}");
    }
    let refused = running.post("/embed", "{\"inputs\": \"a\"}");
    assert_eq!((refused.status(), refused.header("retry-after")), (503, "1"));
    assert!(begin.elapsed() < LONG);
    for stream in slow {
        let answer = String::from_utf8_lossy(&until_closed(stream)).into_owned();
        assert!(answer.starts_with("HTTP/1.1 408 Request Timeout"), "{answer}");
    }
    assert_eq!(running.embed(&["after"]).len(), 384);
}

#[test]
#[ignore = "needs packed models: run `cargo xtask test`"]
fn an_answer_that_nobody_reads_ends() {
    let running = start(Limits::default(), Clients { write_timeout: SHORT, ..Clients::default() });
    // Nine megabytes of digits, more than the buffers of a socket hold.
    let body = serde_json::json!({ "inputs": vec!["a"; 2048] }).to_string();
    let stream = sent(&running, &(post(body.len()) + &body));
    let mut begin = [0; 15];
    (&stream).read_exact(&mut begin).expect("the server answers");
    assert_eq!(&begin, b"HTTP/1.1 200 OK");
    sleep(3 * SHORT);
    assert!(until_closed(stream).len() < 9_000_000, "the answer was kept for a client that does not read");
}
