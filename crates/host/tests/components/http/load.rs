//! Many connections at once.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;

use super::serve;

const CONNECTIONS: usize = 2000;

#[test]
#[ignore = "needs packed models: run `cargo xtask test`"]
fn two_thousand_connections_are_all_answered() {
    // Both ends are in this process.
    let files = rlimit::increase_nofile_limit(3 * CONNECTIONS as u64).expect("the limit can be raised");
    assert!(files > 2 * CONNECTIONS as u64, "this machine allows {files} open files");
    let running = serve(&[]);
    let expected = running.post("/embed", "{\"inputs\": \"a\"}").text();
    let mut streams: Vec<TcpStream> =
        (0..CONNECTIONS).map(|_| TcpStream::connect(running.addr).expect("the server listens")).collect();
    let body = "{\"inputs\": \"a\"}";
    let request = format!(
        "POST /embed HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    );
    for stream in &mut streams {
        stream.write_all(request.as_bytes()).expect("the server reads");
    }
    for stream in streams {
        assert_eq!(read_body(stream), expected);
    }
}

fn read_body(stream: TcpStream) -> String {
    let mut reader = BufReader::new(stream);
    let mut length = 0;
    for line in reader.by_ref().lines() {
        let line = line.expect("the server answers").to_ascii_lowercase();
        if let Some(value) = line.strip_prefix("content-length: ") {
            length = value.parse().expect("a number");
        }
        if line.is_empty() {
            break;
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).expect("the body is whole");
    String::from_utf8(body).expect("JSON")
}
