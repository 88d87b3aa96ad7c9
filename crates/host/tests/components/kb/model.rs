//! A store that another model has filled.

use serde_json::json;

use super::{Kb, L6, SPIN, component, put, serve_component};

#[test]
#[ignore = "needs packed models: run `cargo xtask test`"]
fn another_model_is_refused_until_a_reindex() {
    let kb = Kb::filled(&[]);
    let ask = json!({ "question": "Where is my new card?" }).to_string();
    let running = serve_component(&component(SPIN, L6), &kb.file(), &[], None);

    let refused = [running.post("/query", ask.clone()), put(&running, "[{\"id\": \"x\", \"question\": \"x?\"}]")];
    for reply in &refused {
        assert_eq!(reply.status(), 409, "{}", reply.text());
        let error = reply.json();
        let message = error["error"].as_str().expect("a message");
        let parts = [
            "`paraphrase-MiniLM-L3-v2` (model_sha256 ",
            "`all-MiniLM-L6-v2` (model_sha256 ",
            "POST /documents/reindex",
        ];
        assert!(parts.iter().all(|part| message.contains(part)), "{message}");
        assert_eq!(error["details"]["stored"]["model"], "paraphrase-MiniLM-L3-v2");
        assert_eq!(error["details"]["configured"]["model"], "all-MiniLM-L6-v2");
    }
    let health = running.get("/health");
    assert_eq!((health.status(), &health.json()["status"]), (200, &json!("unhealthy")));
    assert_eq!(health.json()["database"]["connected"], true);
    assert_eq!(running.get("/ready").status(), 503);
    // What needs no vectors works.
    assert_eq!(running.get("/documents/card").status(), 200);

    let reindexed = running.post("/documents/reindex", "");
    assert_eq!(
        (reindexed.status(), reindexed.json()),
        (200, json!({ "reindexed": 4, "remaining": 0, "model_name": "all-MiniLM-L6-v2" }))
    );
    let found = running.post("/query", ask.clone());
    assert_eq!((found.status(), &found.json()["metadata"]["match_index"]), (200, &json!(0)));
    // Now it is the first one that is refused, also where it was open before.
    assert_eq!(kb.running.post("/query", ask).status(), 409);
}
