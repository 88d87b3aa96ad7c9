//! Documents in and out.

use serde_json::{Value, json};

use super::{client, close, count, documents, filled, put, query};

#[test]
fn documents_are_put_in_by_id() {
    let client = client(&[]);
    assert_eq!(put(&client, &documents()), json!({ "upserted": 4, "total": 4 }));
    // The same again is the same.
    assert_eq!(put(&client, &documents()), json!({ "upserted": 4, "total": 4 }));
    let changed = json!([
        { "id": "abc", "question": "first", "answers": 1 },
        { "id": "new", "question": "hello cats", "answers": 2 },
        { "id": "abc", "question": "world of a cat", "answers": 3 },
    ]);
    assert_eq!(put(&client, &changed), json!({ "upserted": 2, "total": 5 }));
    let found = query(&client, "world of a cat").json();
    assert_eq!((&found["answers"], &found["metadata"]["match_index"]), (&json!(3), &json!(1)));
    assert_eq!(put(&client, &json!([])), json!({ "upserted": 0, "total": 5 }));
}

#[test]
fn a_text_that_stays_is_not_embedded_again() {
    let client = client(&[("SEARCH_FIELDS", "question,title")]);
    let tokens = |documents: Value| {
        client.put("/documents", documents.to_string()).header("x-compute-tokens").parse::<usize>().expect("a number")
    };
    assert!(tokens(documents()) > 20);
    assert_eq!(tokens(documents()), 0);
    // One of two texts is another.
    let mut changed = documents();
    changed[0]["title"] = "cats".into();
    changed[0]["answers"] = "other".into();
    assert_eq!(tokens(changed), 4);
    let found = |field: &str, query: &str| {
        let search = json!({ "query": query, "field": field }).to_string();
        client.post("/search", search).json()["results"][0].clone()
    };
    for (field, query) in [("question", "the cat sat on the mat"), ("title", "cats")] {
        let found = found(field, query);
        let answers = &found["document"]["answers"];
        assert_eq!((&found["document_id"], answers), (&json!("cat"), &json!("other")), "{field}");
        assert!(close(&found["score"], 1.0), "{field}: {found}");
    }
}

#[test]
fn one_document_comes_back_as_it_was_sent() {
    let client = filled(&[]);
    let sent = &documents()[0];
    assert_eq!(&client.get("/documents/cat").json(), sent);
    let sent = &documents()[2];
    let found = client.get("/documents/65f0c0ffee65f0c0ffee65f0").json();
    assert_eq!((&found["answers"], &found["metadata"]), (&sent["answers"], &sent["metadata"]));
    let odd = json!([{ "id": "a b/ü?", "question": "An odd id?", "answers": ["\u{0}", "𝄞"] }]);
    put(&client, &odd);
    assert_eq!(client.get("/documents/a%20b%2F%C3%BC%3F").json(), odd[0]);
}

#[test]
fn every_id_that_can_be_stored_can_be_read_and_deleted() {
    let client = client(&[]);
    let ids = [
        ".", "..", "reindex", "...", "a/b", "a/../b", "?id=x", "a&b=c", "a+b c", "%2e", "#", "\\", "ü", "{}", "/", "//",
    ];
    let long = "x".repeat(512);
    let ids: Vec<&str> = ids.into_iter().chain([long.as_str()]).collect();
    let encoded = |id: &str| url::form_urlencoded::byte_serialize(id.as_bytes()).collect::<String>();
    let store = || {
        let documents: Vec<Value> = ids.iter().map(|id| json!({ "id": id, "question": "the cat" })).collect();
        put(&client, &Value::Array(documents));
    };
    store();
    for id in &ids {
        let by_query = format!("/documents?id={}", encoded(id));
        assert_eq!(client.get(&by_query).json()["id"], *id);
        assert_eq!((client.delete(&by_query).status, client.delete(&by_query).status), (204, 404), "{id}");
    }
    assert_eq!(count(&client), 0);
    // The path will do too, where nothing between takes it apart.
    store();
    for id in &ids {
        let by_path = format!("/documents/{}", encoded(id).replace('+', "%20"));
        assert_eq!(client.get(&by_path).json()["id"], *id);
        assert_eq!((client.delete(&by_path).status, client.get(&by_path).status), (204, 404), "{id}");
    }
    assert_eq!(count(&client), 0);
}

#[test]
fn what_mongoexport_writes_is_read() {
    let lines = "{\"_id\":{\"$oid\":\"65f0c0ffee65f0c0ffee65f0\"},\"question\":\"One?\",\"answers\":[\"1\"]}\r\n\r\n\
                 {\"_id\":{\"$numberLong\":\"42\"},\"question\":\"Two?\",\"answers\":[{\"at\":{\"$date\":\"2024-03-12T09:00:00Z\"}}]}\n";
    let array = format!("[{}]", lines.trim().replace("\r\n\r\n", ","));
    for (content_type, body) in
        [("application/x-ndjson", lines), ("application/json", &array), ("application/jsonl", lines)]
    {
        let client = client(&[]);
        let reply = client.request("PUT", "/documents").header("content-type", content_type).send(body);
        assert_eq!((reply.status, reply.json()), (200, json!({ "upserted": 2, "total": 2 })), "{content_type}");
        let found = client.get("/documents/42").json();
        assert_eq!(found["answers"], json!([{ "at": { "$date": "2024-03-12T09:00:00Z" } }]));
    }
}

#[test]
fn pages_follow_each_other() {
    let client = client(&[]);
    let all: Vec<Value> =
        (0..25).map(|index| json!({ "id": format!("{index:02}"), "question": format!("Number {index}?") })).collect();
    put(&client, &Value::Array(all.clone()));
    let page = |query: &str| client.get(&format!("/documents{query}")).json();
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
fn what_is_deleted_is_not_found() {
    let client = filled(&[]);
    let deleted = client.delete("/documents/abc");
    assert_eq!((deleted.status, deleted.body.len()), (204, 0));
    assert_eq!((client.delete("/documents/abc").status, client.get("/documents/abc").status), (404, 404));
    assert_eq!(count(&client), 3);
    let found = client.post("/query", json!({ "question": "a b c d e", "threshold": -1 }).to_string()).json();
    assert_ne!(found["metadata"]["document_id"], "abc");
    assert_eq!(found["metadata"]["total_documents_searched"], 2);
}

#[test]
fn a_text_that_is_taken_away_is_not_found() {
    let client = filled(&[]);
    put(&client, &json!([{ "id": "abc", "answers": "no question any more" }]));
    let ask = json!({ "question": "a b c d e", "threshold": -1 }).to_string();
    assert_eq!(client.post("/query", ask).json()["metadata"]["total_documents_searched"], 2);
    assert_eq!(count(&client), 4);
}

#[test]
fn a_bad_document_leaves_all_as_it_was() {
    let client = filled(&[]);
    let before = client.get("/documents").json();
    let reply = client.put("/documents", "[{\"id\": \"new\", \"question\": \"New?\"}, {\"id\": null}]");
    assert_eq!(reply.status, 400);
    assert_eq!(client.get("/documents").json(), before);
}

/// Nothing makes a store but what needs one.
#[test]
fn a_store_that_is_not_there_yet_has_nothing() {
    assert_eq!(client(&[]).get("/documents").json(), json!({ "documents": [], "next": null }));
    assert_eq!(client(&[]).get("/documents/1").status, 404);
    assert_eq!(client(&[]).delete("/documents/1").status, 404);
    assert_eq!(count(&client(&[])), 0);
    assert_eq!(client(&[]).post("/documents/reindex", "").json()["reindexed"], 0);
    assert_eq!(put(&client(&[]), &json!([])), json!({ "upserted": 0, "total": 0 }));
}
