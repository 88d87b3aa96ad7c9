//! What is refused before a body is read, or while it is.

use std::convert::Infallible;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use bytes::Bytes;
use http_body::{Body, Frame};
use serde_json::json;

use super::client;

#[test]
fn media_types_and_encodings() {
    let client = client(&[]);
    let send =
        |name: &str, value: &str| client.request("POST", "/embed").header(name, value).send("{\"inputs\": \"a\"}");
    assert_eq!(send("content-type", "application/json; charset=utf-8").status, 200);
    assert_eq!(send("content-type", "Application/JSON").status, 200);
    for wrong in ["text/plain", "application/x-www-form-urlencoded", "application/jsonx"] {
        let reply = send("content-type", wrong);
        assert_eq!(reply.status, 415);
        let error = format!("content-type is `{wrong}`, it must be `application/json`");
        assert_eq!(reply.json(), json!({ "error": error, "error_type": "Validation" }));
    }
    assert!(send("x-nothing", "here").text().contains("content-type is missing"));
    assert_eq!(send("content-type", "\u{e9}").status, 415);
    let json = client.request("POST", "/embed").header("content-type", "application/json");
    let zipped = json.header("content-encoding", "gzip").send([31, 139]);
    assert_eq!(zipped.status, 415);
    assert!(zipped.text().contains("bodies must come uncompressed"), "{}", zipped.text());
    let json = client.request("POST", "/embed").header("content-type", "application/json");
    assert_eq!(json.header("content-encoding", "identity").send("{\"inputs\": \"a\"}").status, 200);
}

#[test]
fn an_announced_length_is_refused_without_reading() {
    let client = client(&[("PAYLOAD_LIMIT", "100")]);
    let request = client.request("POST", "/embed").header("content-type", "application/json");
    // Would be 400 if it were read.
    let reply = request.header("content-length", "101").send_body(Failing);
    assert_eq!(reply.status, 413);
    assert_eq!(reply.json()["limit"], json!({ "name": "PAYLOAD_LIMIT", "value": 100, "actual": 101 }));
}

#[test]
fn a_body_without_a_length_ends_at_the_limit() {
    let client = client(&[("PAYLOAD_LIMIT", "100")]);
    let request = client.request("POST", "/embed").header("content-type", "application/json");
    let reply = request.send_body(Chunks(vec![b' '; 60], 1000));
    assert_eq!(reply.status, 413);
    assert_eq!(reply.json()["limit"], json!({ "name": "PAYLOAD_LIMIT", "value": 100, "actual": 120 }));
}

#[test]
fn a_body_that_is_cut_off() {
    let client = client(&[]);
    let request = client.request("POST", "/embed").header("content-type", "application/json");
    let reply = request.header("content-length", "50").send_body(Failing);
    assert_eq!(reply.status, 400);
    assert!(reply.text().contains("the body was cut off"), "{}", reply.text());
}

#[test]
fn more_requests_at_once_than_allowed() {
    let client = client(&[("MAX_CONCURRENT_REQUESTS", "1")]);
    let first = client.request("POST", "/embed").header("content-type", "application/json");
    let mut first = Box::pin(first.start(Never));
    let mut context = Context::from_waker(Waker::noop());
    assert!(first.as_mut().poll(&mut context).is_pending());
    let refused = client.post("/embed", "{\"inputs\": \"b\"}");
    assert_eq!((refused.status, refused.header("retry-after")), (429, "1"));
    let limit = json!({ "name": "MAX_CONCURRENT_REQUESTS", "value": 1, "actual": 2 });
    assert_eq!((&refused.json()["error_type"], &refused.json()["limit"]), (&json!("Overloaded"), &limit));
    let openai = client.post("/v1/embeddings", "{\"input\": \"b\"}").json();
    assert_eq!(openai["error"]["type"], "rate_limit_error");
    // What has no body is answered all the same.
    assert_eq!(client.get("/health").status, 200);
    // A client that goes away makes its place free.
    drop(first);
    assert_eq!(client.post("/embed", "{\"inputs\": \"b\"}").status, 200);
}

#[test]
fn what_is_left_of_a_body_is_read_but_not_forever() {
    let mut few = Chunks(vec![0; 1 << 20], 5);
    futures_executor::block_on(minilm_serving::drain(&mut few));
    assert_eq!(few.1, 0);
    let mut many = Chunks(vec![0; 1 << 20], 100);
    futures_executor::block_on(minilm_serving::drain(&mut many));
    assert_eq!(many.1, 83);
}

type Polled<E> = Poll<Option<Result<Frame<Bytes>, E>>>;

/// The same chunk so many times, of no announced length.
struct Chunks(Vec<u8>, usize);

impl Body for Chunks {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Polled<Infallible> {
        let Some(left) = self.1.checked_sub(1) else { return Poll::Ready(None) };
        self.1 = left;
        Poll::Ready(Some(Ok(Frame::data(Bytes::from(self.0.clone())))))
    }
}

/// Ends with an error, as a connection that is closed does.
struct Failing;

impl Body for Failing {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(self: Pin<&mut Self>, _: &mut Context<'_>) -> Polled<io::Error> {
        Poll::Ready(Some(Err(io::ErrorKind::ConnectionReset.into())))
    }
}

/// Never has anything.
struct Never;

impl Body for Never {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(self: Pin<&mut Self>, _: &mut Context<'_>) -> Polled<Infallible> {
        Poll::Pending
    }
}
