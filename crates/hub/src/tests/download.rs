//! Connections that break, and servers that change their mind.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tempfile::TempDir;
use url::Url;

use super::super::Error;
use super::super::download::Download;
use super::super::http::{Client, Get, Patience};
use super::server::{Reply, Seen, Server};
use super::{PATIENT, names_in, sha256, weights};

/// Answers the first request with `first`, all others with `then`.
fn two_faced(
    first: impl Fn(&Seen) -> Reply + Send + Sync + 'static,
    then: impl Fn(&Seen) -> Reply + Send + Sync + 'static,
) -> Server {
    let requests = AtomicUsize::new(0);
    Server::start(move |seen| match requests.fetch_add(1, Ordering::SeqCst) {
        0 => first(seen),
        _ => then(seen),
    })
}

fn half(seen: &Seen) -> Reply {
    Reply { cut_at: Some(150_000), ..Reply::file(seen, &weights()) }
}

struct Target {
    dir: TempDir,
}

impl Target {
    fn new() -> Target {
        Target { dir: tempfile::tempdir().unwrap() }
    }

    fn path(&self) -> PathBuf {
        self.dir.path().join("file")
    }

    fn fetch(&self, url: &Url, sha256: Option<&str>) -> Result<String, Error> {
        self.fetch_with(PATIENT, url, sha256)
    }

    fn fetch_with(&self, patience: Patience, url: &Url, sha256: Option<&str>) -> Result<String, Error> {
        self.fetch_up_to(1 << 30, patience, url, sha256)
    }

    fn fetch_up_to(
        &self,
        max_bytes: u64,
        patience: Patience,
        url: &Url,
        sha256: Option<&str>,
    ) -> Result<String, Error> {
        let downloaded = Client::new(patience, None).download(&Download {
            get: Get { url, token: None },
            dest: &self.path(),
            sha256,
            max_bytes,
            label: "test",
        });
        downloaded.map(|downloaded| downloaded.sha256)
    }

    fn assert_whole(&self) {
        assert_eq!(fs::read(self.path()).unwrap(), weights());
        assert_eq!(names_in(self.dir.path()), ["file"]);
    }
}

fn part(path: &Path, name: &str) -> PathBuf {
    path.with_extension(name)
}

#[test]
fn what_is_too_large_is_not_kept() {
    let announced = Server::start(|seen| Reply::file(seen, &weights()));
    let mut chunks = Vec::new();
    for chunk in weights().chunks(10_000) {
        chunks.extend([format!("{:x}\r\n", chunk.len()).as_bytes(), chunk, b"\r\n"].concat());
    }
    let silent = Server::start(move |_| Reply {
        headers: vec![("transfer-encoding", "chunked".to_owned())],
        ..Reply::whole(&[&chunks[..], b"0\r\n\r\n"].concat())
    });
    for server in [announced, silent] {
        let target = Target::new();
        for max_bytes in [1_000, weights().len() as u64 - 1] {
            let error = target.fetch_up_to(max_bytes, PATIENT, &server.url, None).unwrap_err().to_string();
            assert!(error.contains(&format!("the limit for a file of its kind is {max_bytes}")), "{error}");
            assert!(!names_in(target.dir.path()).contains(&"file".to_owned()));
        }
        assert_eq!(server.seen("").len(), 2, "it is not asked for again");
        target.fetch_up_to(weights().len() as u64, PATIENT, &server.url, None).unwrap();
        target.assert_whole();
    }
}

#[test]
fn a_cut_connection_is_resumed_where_it_broke() {
    let server = two_faced(half, |seen| Reply::file(seen, &weights()));
    let target = Target::new();
    assert_eq!(target.fetch(&server.url, None).unwrap(), sha256(&weights()));
    target.assert_whole();
    let seen = server.seen("");
    assert_eq!(seen[0].header("range"), None);
    assert_eq!(seen[1].header("range"), Some("bytes=150000-"));
    let etag = format!("\"{}\"", sha256(&weights()));
    assert_eq!(seen[1].header("if-range"), Some(etag.as_str()));
}

#[test]
fn a_stalled_connection_is_resumed() {
    let stall = |seen: &Seen| Reply { linger: Duration::from_secs(2), ..half(seen) };
    let server = two_faced(stall, |seen| Reply::file(seen, &weights()));
    let target = Target::new();
    let impatient = Patience { stall: Duration::from_millis(300), ..PATIENT };
    target.fetch_with(impatient, &server.url, None).unwrap();
    target.assert_whole();
}

#[test]
fn the_next_run_goes_on_where_the_last_one_gave_up() {
    let dead = Server::start(|seen| Reply { cut_at: Some(10_000), ..Reply::file(seen, &weights()) });
    let target = Target::new();
    let error = target.fetch(&dead.url, None).unwrap_err();
    assert!(matches!(error, Error::Unreachable { .. }), "{error}");
    assert_eq!(dead.seen("").len(), 5);

    let alive = Server::start(|seen| Reply::file(seen, &weights()));
    target.fetch(&alive.url, None).unwrap();
    target.assert_whole();
    assert_eq!(alive.seen("")[0].header("range"), Some("bytes=50000-"));
}

#[test]
fn a_server_without_ranges_means_starting_over() {
    let server = two_faced(half, |_| Reply::whole(&weights()));
    let target = Target::new();
    target.fetch(&server.url, None).unwrap();
    target.assert_whole();
}

#[test]
fn a_file_that_changed_meanwhile_is_not_glued_together() {
    let server = two_faced(
        |_| Reply { cut_at: Some(1000), headers: vec![("etag", "\"old\"".to_owned())], ..Reply::whole(&[1; 300_000]) },
        |seen| Reply::file(seen, &weights()),
    );
    let target = Target::new();
    target.fetch(&server.url, None).unwrap();
    target.assert_whole();
}

#[test]
fn a_wrong_range_means_starting_over() {
    let wrong = |seen: &Seen| match seen.header("range") {
        Some(_) => Reply {
            headers: vec![("content-range", "bytes 5-9/300000".to_owned())],
            body: vec![0; 5],
            ..Reply::status(206)
        },
        None => Reply::file(seen, &weights()),
    };
    let server = two_faced(half, wrong);
    let target = Target::new();
    target.fetch(&server.url, None).unwrap();
    target.assert_whole();
}

#[test]
fn a_part_that_is_complete_or_too_long_is_told_by_416() {
    let server = Server::start(|seen| Reply::file(seen, &weights()));
    let hash = sha256(&weights());
    let mut long = weights();
    long.push(0);
    for (here, requests) in [(weights(), 1), (long, 3)] {
        let target = Target::new();
        fs::write(part(&target.path(), "part"), here).unwrap();
        target.fetch(&server.url, Some(&hash)).unwrap();
        target.assert_whole();
        assert_eq!(server.seen("").len(), requests);
    }
}

#[test]
fn a_part_of_unknown_origin_is_not_trusted() {
    let server = Server::start(|seen| Reply::file(seen, &weights()));
    let target = Target::new();
    fs::write(part(&target.path(), "part"), b"no etag, no hash").unwrap();
    target.fetch(&server.url, None).unwrap();
    target.assert_whole();
    assert_eq!(server.seen("")[0].header("range"), None);
}

#[test]
fn a_wrong_hash_leaves_nothing_behind() {
    let server = Server::start(|seen| Reply::file(seen, &weights()));
    let target = Target::new();
    let wanted = sha256(b"wanted");
    let error = target.fetch(&server.url, Some(&wanted)).unwrap_err();
    let message = error.to_string();
    assert!(matches!(error, Error::Sha256 { .. }), "{message}");
    assert!(message.contains(&wanted) && message.contains(&sha256(&weights())), "{message}");
    assert!(names_in(target.dir.path()).is_empty());
}

#[test]
fn a_file_that_is_here_is_not_fetched_again() {
    let target = Target::new();
    fs::write(target.path(), weights()).unwrap();
    target.fetch(&super::nowhere(), Some(&sha256(&weights()))).unwrap();
    target.assert_whole();
}

#[test]
fn redirects_in_a_circle_or_to_a_file_end() {
    let circle = Server::start(|_| Reply::redirect("/again"));
    let file = Server::start(|_| Reply::redirect("file:///etc/passwd"));
    for server in [circle, file] {
        let error = Target::new().fetch(&server.url, None).unwrap_err();
        assert!(matches!(error, Error::Invalid { .. }), "{error}");
    }
}
