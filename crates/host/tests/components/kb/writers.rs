//! Two writers at once.

use std::thread;

use serde_json::{Value, json};

use super::{count, put, serve};

const BATCHES: usize = 8;
const DOCUMENTS: usize = 25;

#[test]
#[ignore = "needs packed models: run `cargo xtask test`"]
fn two_writers_lose_nothing() {
    let folder = tempfile::tempdir().expect("a folder can be made");
    let file = folder.path().join("kb.db");
    // Two servers, as two processes would have them: the file alone is shared. Both begin with an empty file.
    let servers = [serve(&file, &[], None), serve(&file, &[], None)];
    thread::scope(|scope| {
        for (writer, running) in servers.iter().enumerate() {
            scope.spawn(move || {
                for batch in 0..BATCHES {
                    // Half of the documents are the other writer's too.
                    let document = |index: usize| {
                        let owner = if index.is_multiple_of(2) { "both".to_owned() } else { writer.to_string() };
                        json!({ "id": format!("{owner}-{batch}-{index}"), "question": format!("{owner} {batch} {index}?") })
                    };
                    let documents = Value::Array((0..DOCUMENTS).map(document).collect());
                    let reply = put(running, documents.to_string());
                    assert_eq!(reply.status(), 200, "{}", reply.text());
                }
            });
        }
    });
    let both = BATCHES * DOCUMENTS.div_ceil(2);
    let own = BATCHES * (DOCUMENTS / 2);
    assert_eq!(count(&servers[0]), (both + 2 * own) as u64);
    let found = servers[1].post("/query", json!({ "question": "both 7 24?" }).to_string()).json();
    assert_eq!(found["metadata"]["total_documents_searched"], both + 2 * own);
    assert_eq!(found["metadata"]["document_id"], "both-7-24");
}
