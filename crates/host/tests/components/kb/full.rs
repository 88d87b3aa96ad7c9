//! A disk that is full: SQLite is allowed so many pages and no more.

use serde_json::{Value, json};

use super::{count, put, serve};

#[test]
#[ignore = "needs packed models: run `cargo xtask test`"]
fn a_full_disk_leaves_the_old_state() {
    let folder = tempfile::tempdir().expect("a folder can be made");
    let file = folder.path().join("kb.db");
    let batch = |first: usize, answer: &str| -> String {
        let document =
            |index| json!({ "id": format!("{index:04}"), "question": format!("Question {index}?"), "answers": answer });
        Value::Array((first..first + 20).map(document).collect()).to_string()
    };
    let running = serve(&file, &[], Some(60));
    let mut stored = 0;
    let refused = loop {
        let reply = put(&running, batch(stored, "short"));
        if reply.status() != 200 {
            break reply;
        }
        stored += 20;
        assert!(stored < 1000, "60 pages of 4 KB cannot hold this");
    };
    assert!(stored >= 20, "the first batch fits");
    assert_eq!(refused.status(), 507, "{}", refused.text());
    let error = refused.json();
    assert_eq!(error["error"], "the store is full, and nothing was changed: the database or its disk has no room");
    // An update of what is there needs room as well.
    let before = running.get("/documents?limit=1000").json();
    assert_eq!(put(&running, batch(0, &"long ".repeat(2000))).status(), 507);
    assert_eq!((count(&running), running.get("/documents?limit=1000").json()), (stored as u64, before.clone()));
    let found = running.post("/query", "{\"question\": \"Question 3?\"}").json();
    assert_eq!(found["metadata"]["total_documents_searched"], stored);
    drop(running);

    // With room, it goes on.
    let running = serve(&file, &[], None);
    assert_eq!(running.get("/documents?limit=1000").json(), before);
    assert_eq!(put(&running, batch(stored, "short")).status(), 200);
    assert_eq!(count(&running), stored as u64 + 20);
}
