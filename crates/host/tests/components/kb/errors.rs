//! Errors of a real SQLite, as the host passes them on.

use serde_json::json;

use super::{Kb, serve};

#[test]
#[ignore = "needs packed models: run `cargo xtask test`"]
fn a_store_that_cannot_be_reached() {
    let folder = tempfile::tempdir().expect("a folder can be made");
    let running = serve(&folder.path().join("nowhere/kb.db"), &[], None);
    let (health, ready) = (running.get("/health"), running.get("/ready"));
    assert_eq!((health.status(), ready.status(), ready.header("retry-after")), (200, 503, "1"));
    let health = health.json();
    assert_eq!((&health["status"], &health["database"]["connected"]), (&json!("unhealthy"), &json!(false)));
    let error = health["database"]["error"].as_str().expect("a reason");
    assert!(error.contains("the store cannot be reached: unable to open database file"), "{error}");
    let reply = running.post("/query", "{\"question\": \"a\"}");
    assert_eq!((reply.status(), reply.header("retry-after")), (503, "1"));

    let other = Kb::with(&[("SQLITE_DATABASE", "other")]).running.get("/health").json();
    let error = "the store cannot be reached: the host gives this component no SQLite database `other`";
    assert_eq!(other["database"]["error"], error);

    std::fs::write(
        folder.path().join("text.db"),
        "this is no database, but more than a hundred bytes of text ".repeat(9),
    )
    .expect("a file can be written");
    let reply = serve(&folder.path().join("text.db"), &[], None).post("/query", "{\"question\": \"a\"}");
    assert_eq!((reply.status(), reply.text().contains("the store is damaged")), (500, true), "{}", reply.text());
}
