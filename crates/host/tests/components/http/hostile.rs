//! A thousand requests that nobody sane would send: each gets an answer or a closed connection, and none harms the next.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use minilm_host::serve::{Limits, Options};

use super::http;
use crate::running::{Running, options};

const REQUESTS: usize = 1000;
const PATHS: [&str; 8] =
    ["/embed", "/v1/embeddings", "/api/embed", "/tokenize", "/similarity", "/", "/info", "/nowhere"];

#[test]
#[ignore = "needs packed models: run `cargo xtask test`"]
fn nothing_is_lost_after_hostile_requests() {
    let reuse =
        Limits { max_instance_reuse_count: usize::MAX, max_instance_concurrent_reuse_count: 16, ..Limits::default() };
    let running = Running::start(&http(), Options { limits: reuse, ..options(&[]) });
    let expected = running.embed(&["after all"]);
    let mut random = fastrand::Rng::with_seed(42);
    let mut answered = 0;
    for index in 0..REQUESTS {
        let request = request(&mut random, index);
        answered += usize::from(send(&running, &request));
        if index % 100 == 0 {
            assert_eq!(running.embed(&["after all"]), expected);
        }
    }
    assert_eq!(running.embed(&["after all"]), expected);
    assert!(answered > REQUESTS / 2, "{answered} of {REQUESTS} were answered");
}

/// A request out of five kinds: random bytes, a random body, a valid body with bytes changed, hostile JSON, hostile heads.
fn request(random: &mut fastrand::Rng, index: usize) -> Vec<u8> {
    let path = random.choice(PATHS).unwrap_or("/");
    let noise = |random: &mut fastrand::Rng, most: usize| -> Vec<u8> {
        let length = random.usize(..most);
        std::iter::repeat_with(|| random.u8(..)).take(length).collect()
    };
    let body = match index % 5 {
        0 => return noise(random, 2000),
        1 => noise(random, 4000),
        2 => {
            let mut body =
                br#"{"inputs": ["What is a neuron?", "A cell."], "truncate": true, "dimensions": 12}"#.to_vec();
            for _ in 0..random.usize(1..8) {
                let at = random.usize(..body.len());
                body[at] = random.u8(..);
            }
            body
        }
        3 => hostile_json(random).into_bytes(),
        _ => return hostile_head(random, path),
    };
    let head = format!(
        "POST {path} HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
        body.len()
    );
    [head.into_bytes(), body].concat()
}

fn hostile_json(random: &mut fastrand::Rng) -> String {
    let many = random.usize(1..20_000);
    let inputs = match random.u8(..8) {
        0 => "[".repeat(many),
        1 => format!("{}{}", "[".repeat(many), "]".repeat(many)),
        2 => format!("[{}\"\"]", "\"\",".repeat(many)),
        3 => format!("[{}0]", "0,".repeat(many)),
        4 => format!("\"{}\"", "\\u0301".repeat(many)),
        5 => format!("\"{}\"", "\u{1f469}\u{200d}".repeat(many)),
        6 => format!("1e{many}"),
        _ => format!("{{{}\"a\":1}}", "\"a\":{".repeat(many)),
    };
    format!("{{\"inputs\": {inputs}, \"input\": {inputs}}}")
}

fn hostile_head(random: &mut fastrand::Rng, path: &str) -> Vec<u8> {
    let many = random.usize(1..500);
    let head = match random.u8(..6) {
        0 => format!("GET {path}{} HTTP/1.1\r\nhost: localhost\r\n\r\n", "%2e/".repeat(many)),
        1 => format!("GET {path}?{} HTTP/1.1\r\nhost: localhost\r\n\r\n", "a=b&".repeat(many)),
        2 => format!("{} {path} HTTP/1.1\r\nhost: localhost\r\n\r\n", "X".repeat(many)),
        3 => format!("GET {path} HTTP/1.1\r\nhost: localhost\r\naccept: {}\r\n\r\n", "a/b;q=9,".repeat(many)),
        4 => format!("GET {path} HTTP/1.1\r\nhost: localhost\r\nx-request-id: {}\r\n\r\n", "\u{e9}".repeat(many)),
        _ => format!("POST {path} HTTP/1.1\r\nhost: localhost\r\ncontent-length: 18446744073709551615\r\n\r\n"),
    };
    head.into_bytes()
}

/// Whether there was an answer, which is never that the component failed.
fn send(running: &Running, request: &[u8]) -> bool {
    let mut stream = TcpStream::connect(running.addr).expect("the server listens");
    // Some requests promise more than they hold: the server rightly waits for the rest.
    stream.set_read_timeout(Some(Duration::from_secs(2))).expect("a timeout can be set");
    // The server may close before it has read everything.
    let _ = stream.write_all(request);
    let mut answer = [0; 12];
    let answered = stream.read_exact(&mut answer).is_ok();
    let status = String::from_utf8_lossy(&answer[9..]);
    assert!(!status.starts_with('5'), "{status} for {}", String::from_utf8_lossy(request));
    answered
}
