//! Copies of live stores, made with the commands of docs/deploy.md, while somebody writes.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;

use serde_json::json;

use super::postgres::{database, serve as serve_postgres};
use super::{L3, Running, count, put, serve};

/// Documents of a write: a copy has all of them or none.
const BATCH: u64 = 5;

/// Copies a store with `copy` while documents are written to it. Gives how many were acknowledged before and after.
fn while_writing(running: &Running, copy: impl FnOnce()) -> (u64, u64) {
    let (done, written) = (AtomicBool::new(false), AtomicUsize::new(0));
    let acknowledged = || written.load(Ordering::SeqCst) as u64;
    thread::scope(|scope| {
        scope.spawn(|| {
            for batch in 0.. {
                let document = |index| json!({ "id": format!("{batch}-{index}"), "question": format!("question {batch} {index}") });
                let reply = put(running, (0..BATCH).map(document).collect::<serde_json::Value>().to_string());
                assert_eq!(reply.status(), 200, "{}", reply.text());
                written.fetch_add(BATCH as usize, Ordering::SeqCst);
                if done.load(Ordering::SeqCst) {
                    break;
                }
            }
        });
        while acknowledged() < 4 * BATCH {
            thread::yield_now();
        }
        let before = acknowledged();
        copy();
        let after = acknowledged() + BATCH;
        done.store(true, Ordering::SeqCst);
        (before, after)
    })
}

/// The copy answers, and has what was acknowledged before it was made.
fn check(copy: &Running, (before, after): (u64, u64)) {
    let documents = count(copy);
    assert!((before..=after).contains(&documents) && documents.is_multiple_of(BATCH), "{before} {documents} {after}");
    let found = copy.post("/query", json!({ "question": "question 1 3" }).to_string()).json();
    assert_eq!(found["metadata"]["document_id"], "1-3");
    assert_eq!(found["metadata"]["total_documents_searched"], documents);
    assert_eq!(put(copy, "[{\"id\": \"new\", \"question\": \"new\"}]").json()["total"], documents + 1);
}

#[test]
#[ignore = "needs packed models: run `cargo xtask test`"]
fn vacuum_into_copies_a_live_sqlite() {
    let folder = tempfile::tempdir().expect("a folder can be made");
    let [file, copy] = ["kb.db", "backup.db"].map(|name| folder.path().join(name));
    let running = serve(&file, &[], None);
    let counts = while_writing(&running, || {
        let db = rusqlite::Connection::open(&file).expect("the store opens");
        db.execute("VACUUM INTO ?1", [copy.to_str().expect("text")]).expect("it can be copied");
    });
    check(&serve(&copy, &[], None), counts);
}

/// The folder of the programs of the server, which is that of the running one.
fn programs(address: &str) -> PathBuf {
    let data = address.split_whitespace().find_map(|part| part.strip_prefix("host=")).expect("a folder");
    let pid = std::fs::read_to_string(Path::new(data).join("postmaster.pid")).expect("it runs");
    let program = std::fs::read_link(format!("/proc/{}/exe", pid.lines().next().expect("a number")));
    program.expect("it runs").parent().expect("a folder").to_owned()
}

#[test]
#[ignore = "needs packed models: run `cargo xtask test`"]
fn pg_dump_copies_a_live_postgresql() {
    let (Some(address), Some(empty)) = (database("backup"), database("restored")) else { return };
    let running = serve_postgres(&address, &[], L3);
    let (folder, programs) = (tempfile::tempdir().expect("a folder can be made"), programs(&address));
    let dump = folder.path().join("backup.dump");
    let counts = while_writing(&running, || {
        let mut pg_dump = Command::new(programs.join("pg_dump"));
        assert!(
            pg_dump.args(["--format=custom", "--file"]).arg(&dump).arg(&address).status().expect("it runs").success()
        );
    });
    let mut pg_restore = Command::new(programs.join("pg_restore"));
    assert!(pg_restore.arg("--dbname").arg(&empty).arg(&dump).status().expect("it runs").success());
    check(&serve_postgres(&empty, &[], L3), counts);
}
