//! Work ends with its client, and with a database that says nothing.

use std::io::Write;
use std::net::{Shutdown, TcpListener, TcpStream};
use std::thread::sleep;
use std::time::{Duration, Instant};

use minilm_host::databases::Databases;
use minilm_host::serve::Options;
use serde_json::{Value, json};

use super::{Kb, L3, Running, SPIN, component, count, options, put};

/// Documents that take some tenths of a second.
fn bulk(name: &str) -> String {
    let question = "How can a question be so long that it takes a while until it is read? ".repeat(6);
    let document = |index| json!({ "id": format!("{name}-{index}"), "question": format!("{index} {name} {question}") });
    Value::Array((0..16).map(document).collect()).to_string()
}

#[test]
#[ignore = "needs packed models: run `cargo xtask test`"]
fn a_bulk_load_ends_with_its_client() {
    // However slow the machine is: what ends the work is not its own limit.
    let kb = Kb::with(&[("MAX_REQUEST_MS", "600000")]);
    let begin = Instant::now();
    assert_eq!(put(&kb.running, bulk("whole")).status(), 200);
    let whole = begin.elapsed();

    let body = bulk("left");
    let mut stream = TcpStream::connect(kb.running.addr).expect("the server listens");
    let head = format!(
        "PUT /documents HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(head.as_bytes()).expect("the server reads");
    sleep(whole / 5);
    stream.shutdown(Shutdown::Both).expect("a connection can be closed");
    // What is not stopped would be done by then.
    sleep(2 * whole);
    assert_eq!(count(&kb.running), 16);
    assert_eq!(put(&kb.running, body).json(), json!({ "upserted": 16, "total": 32 }));
}

#[test]
#[ignore = "needs packed models: run `cargo xtask test`"]
fn a_postgres_that_accepts_and_says_nothing_is_noticed() {
    let silent = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let port = silent.local_addr().expect("an address").port();
    let address = format!("host=127.0.0.1 port={port} user=nobody dbname=nothing connect_timeout=1");
    let databases = Some(Databases { postgres: Some(address.clone()), ..Databases::default() });
    let env = [("STORE", "postgres"), ("POSTGRES_URL", address.as_str())];
    let running = Running::start(&component(SPIN, L3), Options { databases, ..options(&env) });
    std::thread::scope(|scope| {
        for path in ["/health", "/ready", "/documents", "/query"] {
            let running: &Running = &running;
            scope.spawn(move || {
                let begin = Instant::now();
                let reply = match path {
                    "/query" => running.post(path, "{\"question\": \"a\"}"),
                    _ => running.get(path),
                };
                assert!(begin.elapsed() < Duration::from_secs(20), "{path}");
                assert!(
                    reply.text().contains("no connection to PostgreSQL: it does not answer"),
                    "{path}: {}",
                    reply.text()
                );
                match path {
                    "/health" => assert_eq!(reply.status(), 200),
                    _ => assert_eq!((reply.status(), reply.header("retry-after")), (503, "1"), "{path}"),
                }
            });
        }
    });
}
