//! Documents in and out.

use serde_json::{Value, json};

use super::{Kb, delete, documents, put, put_as};

#[test]
#[ignore = "needs packed models: run `cargo xtask test`"]
fn documents_are_put_in_by_id() {
    let kb = Kb::with(&[]);
    assert_eq!(kb.put(&documents()), json!({ "upserted": 4, "total": 4 }));
    // The same again is the same.
    assert_eq!(kb.put(&documents()), json!({ "upserted": 4, "total": 4 }));
    let changed = json!([
        { "id": "pin", "question": "first", "answers": 1 },
        { "id": "new", "question": "A new question?", "answers": 2 },
        { "id": "pin", "question": "Which one of two stays?", "answers": 3 },
    ]);
    assert_eq!(kb.put(&changed), json!({ "upserted": 2, "total": 5 }));
    let found = kb.running.post("/query", json!({ "question": "Which one of two stays?" }).to_string()).json();
    assert_eq!((&found["answers"], &found["metadata"]["match_index"]), (&json!(3), &json!(1)));
    assert_eq!(kb.put(&json!([])), json!({ "upserted": 0, "total": 5 }));
}

#[test]
#[ignore = "needs packed models: run `cargo xtask test`"]
fn a_text_that_stays_is_not_embedded_again() {
    let kb = Kb::with(&[("SEARCH_FIELDS", "question,title")]);
    let tokens = |documents: Value| put(&kb.running, documents.to_string()).header("x-compute-tokens").to_owned();
    assert_eq!(tokens(documents()), "38");
    assert_eq!(tokens(documents()), "0");
    // One of two texts is another.
    let mut changed = documents();
    changed[0]["title"] = "Cards".into();
    changed[0]["answers"] = "other".into();
    assert_eq!(tokens(changed), "3");
    let found = |field: &str, query: &str| {
        let search = json!({ "query": query, "field": field }).to_string();
        kb.running.post("/search", search).json()["results"][0].clone()
    };
    for (field, query) in [("question", "Where is my new card?"), ("title", "Cards")] {
        let found = found(field, query);
        assert_eq!(
            (&found["document_id"], &found["document"]["answers"]),
            (&json!("card"), &json!("other")),
            "{field}"
        );
        assert!(super::close(&found["score"], 1.0), "{field}: {found}");
    }
}

#[test]
#[ignore = "needs packed models: run `cargo xtask test`"]
fn one_document_comes_back_as_it_was_sent() {
    let kb = Kb::filled(&[]);
    let sent = &documents()[0];
    assert_eq!(&kb.running.get("/documents/card").json(), sent);
    let sent = &documents()[2];
    let found = kb.running.get("/documents/65f0c0ffee65f0c0ffee65f0").json();
    assert_eq!((&found["answers"], &found["metadata"]), (&sent["answers"], &sent["metadata"]));
    let odd = json!([{ "id": "a b/ü?", "question": "An odd id?", "answers": ["\u{0}", "𝄞"] }]);
    kb.put(&odd);
    assert_eq!(kb.running.get("/documents/a%20b%2F%C3%BC%3F").json(), odd[0]);
}

#[test]
#[ignore = "needs packed models: run `cargo xtask test`"]
fn what_mongoexport_writes_is_read() {
    let lines = "{\"_id\":{\"$oid\":\"65f0c0ffee65f0c0ffee65f0\"},\"question\":\"One?\",\"answers\":[\"1\"]}\r\n\r\n\
                 {\"_id\":{\"$numberLong\":\"42\"},\"question\":\"Two?\",\"answers\":[{\"at\":{\"$date\":\"2024-03-12T09:00:00Z\"}}]}\n";
    let array = format!("[{}]", lines.trim().replace("\r\n\r\n", ","));
    for (content_type, body) in
        [("application/x-ndjson", lines), ("application/json", &array), ("application/jsonl", lines)]
    {
        let kb = Kb::with(&[]);
        let reply = put_as(&kb.running, content_type, body);
        assert_eq!((reply.status(), reply.json()), (200, json!({ "upserted": 2, "total": 2 })), "{content_type}");
        let found = kb.running.get("/documents/42").json();
        assert_eq!(found["answers"], json!([{ "at": { "$date": "2024-03-12T09:00:00Z" } }]));
    }
}

#[test]
#[ignore = "needs packed models: run `cargo xtask test`"]
fn pages_follow_each_other() {
    let kb = Kb::with(&[]);
    let all: Vec<Value> =
        (0..25).map(|index| json!({ "id": format!("{index:02}"), "question": format!("Number {index}?") })).collect();
    kb.put(&Value::Array(all.clone()));
    let page = |query: &str| kb.running.get(&format!("/documents{query}")).json();
    assert_eq!(page(""), json!({ "documents": all, "next": null }));
    let mut found = Vec::new();
    let mut after = String::new();
    loop {
        let page = page(&format!("?limit=10{after}"));
        found.extend(page["documents"].as_array().expect("documents").clone());
        match page["next"].as_str() {
            Some(next) => after = format!("&after={next}"),
            None => break,
        }
    }
    assert_eq!(found, all);
    assert_eq!(page("?after=24"), json!({ "documents": [], "next": null }));
}

#[test]
#[ignore = "needs packed models: run `cargo xtask test`"]
fn what_is_deleted_is_not_found() {
    let kb = Kb::filled(&[]);
    assert_eq!([delete(&kb.running, "pin"), delete(&kb.running, "pin")], [204, 404]);
    assert_eq!((kb.count(), kb.running.get("/documents/pin").status()), (3, 404));
    let ask = json!({ "question": "How do I change my PIN?", "threshold": -1 }).to_string();
    let found = kb.running.post("/query", ask).json();
    assert_ne!(found["metadata"]["document_id"], "pin");
    assert_eq!(found["metadata"]["total_documents_searched"], 2);
}

#[test]
#[ignore = "needs packed models: run `cargo xtask test`"]
fn a_text_that_is_taken_away_is_not_found() {
    let kb = Kb::filled(&[]);
    kb.put(&json!([{ "id": "pin", "answers": "no question any more" }]));
    let ask = json!({ "question": "How do I change my PIN?", "threshold": -1 }).to_string();
    assert_eq!(kb.running.post("/query", ask).json()["metadata"]["total_documents_searched"], 2);
    assert_eq!(kb.count(), 4);
}

#[test]
#[ignore = "needs packed models: run `cargo xtask test`"]
fn a_bad_document_leaves_all_as_it_was() {
    let kb = Kb::filled(&[]);
    let before = kb.running.get("/documents").json();
    let reply = put(&kb.running, "[{\"id\": \"new\", \"question\": \"New?\"}, {\"id\": null}]");
    assert_eq!(reply.status(), 400);
    assert_eq!(kb.running.get("/documents").json(), before);
}
