//! Every error that a request can cause: its status, its message, its shape.

use minilm_kb::sqlite::DbError;
use serde_json::json;

use super::sqlite::Shared;
use super::{client, count, documents, filled, over, put, query};

#[test]
fn requests_that_are_wrong() {
    let client = filled(&[("MAX_CLIENT_BATCH_SIZE", "3"), ("MAX_TEXT_BYTES", "100"), ("PAYLOAD_LIMIT", "5000")]);
    let long = format!("{{\"question\": \"{}\"}}", "x".repeat(101));
    let large = format!("{{\"question\": \"{}\"}}", "x".repeat(5000));
    let cases: &[(&str, &str, u16, &str)] = &[
        ("/query", "", 400, "not valid JSON: EOF while parsing a value at line 1 column 0"),
        ("/query", "{}", 400, "`question` is missing or empty"),
        ("/query", "[\"a\", 0.5]", 400, "body: invalid type: sequence, expected an object"),
        ("/query/batch", "[[\"a\"], 0.5, 1]", 400, "body: invalid type: sequence, expected an object"),
        ("/search", "[\"a\"]", 422, "body: invalid type: sequence, expected an object"),
        ("/query", "{\"question\": null}", 400, "`question` is missing or empty"),
        ("/query", "{\"question\": \"\"}", 400, "`question` is missing or empty"),
        ("/query", "{\"question\": \" \\n\"}", 400, "`question` is missing or empty"),
        ("/query", "{\"question\": 7}", 400, "integer `7`, expected a string"),
        ("/query", "{\"question\": \"a\", \"treshold\": 1}", 400, "unknown field `treshold`"),
        ("/query", "{\"question\": \"a\", \"threshold\": 1.5}", 400, "`threshold` is 1.5: it must be from -1 to 1"),
        ("/query", "{\"question\": \"a\", \"threshold\": \"0.5\"}", 400, "string \"0.5\", expected f32"),
        ("/query", &long, 413, "text 0 of `question` has a size in bytes of 101, the limit is 100 (MAX_TEXT_BYTES)"),
        ("/query", &large, 413, "the limit is 5000 (PAYLOAD_LIMIT)"),
        ("/query/batch", "{}", 400, "`questions` is missing or empty"),
        ("/query/batch", "{\"questions\": []}", 400, "`questions` is missing or empty"),
        ("/query/batch", "{\"questions\": [\"a\", \" \"]}", 400, "`questions` has an empty text at index 1"),
        ("/query/batch", "{\"questions\": \"a\"}", 400, "string \"a\", expected a sequence"),
        ("/query/batch", "{\"questions\": [\"a\"], \"top_k\": 0}", 400, "`top_k` is 0: it must be from 1 to 1000"),
        ("/query/batch", "{\"questions\": [\"a\",\"b\",\"c\",\"d\"]}", 400, "batch size of 4, the limit is 3"),
        ("/search", "{\"query\": \"\"}", 400, "`query` is missing or empty"),
        ("/search", "{\"query\": \"a\", \"threshold\": -2}", 422, "`threshold` is -2"),
        (
            "/search",
            "{\"query\": \"a\", \"field\": \"title\"}",
            422,
            "`title` is not searched: SEARCH_FIELDS has question",
        ),
        ("/search", "{\"query\": \"a\", \"filter\": [1]}", 422, "expected a map"),
        (
            "/search",
            "{\"query\": \"a\", \"filter\": {\"tags\": [1]}}",
            422,
            "`filter`: `tags` is an array: `$in` takes",
        ),
        ("/search", "{\"query\": \"a\", \"top_k\": 1001}", 422, "`top_k` is 1001"),
    ];
    for (path, body, status, part) in cases {
        let reply = client.post(path, *body);
        let error = reply.json();
        let message = error["error"].as_str().unwrap_or_else(|| panic!("no message: {error}"));
        assert!(reply.status == *status && message.contains(part), "{path} {body}: {} {message}", reply.status);
    }
    // The Flask service had 400 for a wrong media type; the routes that it had not have 415.
    let text = |path: &str| client.request("POST", path).header("content-type", "text/plain").send("{}").status;
    assert_eq!([text("/query"), text("/search")], [400, 415]);
}

#[test]
fn questions_need_a_question_field() {
    let client = client(&[("SEARCH_FIELDS", "title")]);
    let reply = query(&client, "a");
    assert_eq!(reply.status, 400);
    assert!(reply.text().contains("`question` is not searched: SEARCH_FIELDS has title"), "{}", reply.text());
}

#[test]
fn documents_that_are_wrong() {
    let client = client(&[("MAX_TEXT_BYTES", "100")]);
    let long = json!([{ "id": "1", "question": "x".repeat(101) }]).to_string();
    let cases: &[(&str, u16, &str)] = &[
        ("[1]", 400, "document 0 of the array, line 1: an object is needed, there is `1`"),
        ("[{\"id\": \"1\"}, {\"id\": true}]", 400, "document 1 of the array, line 1: `id` is a boolean"),
        ("{\"id\": \"1\"}\n{\"id\": \"2\", }\n", 400, "line 2, column 13: not valid JSON: trailing comma"),
        ("[{\"id\": \"1\"}", 400, "document 1 of the array, line 1: `]` is needed"),
        (&long, 413, "`question` of the document `1` has a size in bytes of 101, the limit is 100 (MAX_TEXT_BYTES)"),
    ];
    for (body, status, part) in cases {
        let reply = client.put("/documents", *body);
        let error = reply.json();
        let message = error["error"].as_str().unwrap_or_else(|| panic!("no message: {error}"));
        assert!(reply.status == *status && message.contains(part), "{body}: {message}");
    }
    let reply = client.request("PUT", "/documents").header("content-type", "text/csv").send("a,b");
    assert_eq!(reply.status, 415);
    assert!(reply.text().contains("it must be `application/json` or `application/x-ndjson`"), "{}", reply.text());
    assert_eq!(count(&client), 0);
}

#[test]
fn paths_and_methods_that_are_wrong() {
    let client = client(&[]);
    let missing = client.get("/nowhere");
    let error = json!({ "error": "there is no /nowhere; GET / lists what there is" });
    assert_eq!((missing.status, missing.json()), (404, error));
    for (method, path, allow) in [
        ("GET", "/query", "OPTIONS, POST"),
        ("GET", "/query/batch", "OPTIONS, POST"),
        ("PUT", "/search", "OPTIONS, POST"),
        ("POST", "/documents", "DELETE, GET, HEAD, OPTIONS, PUT"),
        ("PUT", "/documents/1", "DELETE, GET, HEAD, OPTIONS"),
        ("PUT", "/documents/reindex", "DELETE, GET, HEAD, OPTIONS, POST"),
        ("DELETE", "/health", "GET, HEAD, OPTIONS"),
        ("POST", "/", "GET, HEAD, OPTIONS"),
        ("POST", "/metrics", "GET, HEAD, OPTIONS"),
    ] {
        let reply = client.request(method, path).send("");
        assert_eq!((reply.status, reply.header("allow")), (405, allow), "{method} {path}");
    }
    let reply = client.get("/documents/nothing");
    assert_eq!((reply.status, reply.json()), (404, json!({ "error": "there is no document `nothing`" })));
    for query in ["?limit=0", "?limit=1001", "?limit=x", "?before=1", "?id=a&limit=1", "?id=a&id=b", "?after=a&after=b"]
    {
        assert_eq!(client.get(&format!("/documents{query}")).status, 422, "{query}");
    }
    for query in ["", "?limit=1", "?id=a&after=b"] {
        assert_eq!(client.delete(&format!("/documents{query}")).status, 422, "{query}");
    }
}

#[test]
fn a_key_and_a_bad_setting() {
    let locked = client(&[("API_KEY", "secret")]);
    let refused = query(&locked, "a");
    assert_eq!((refused.status, refused.header("www-authenticate")), (401, "Bearer"));
    assert_eq!([locked.get("/health").status, locked.get("/ready").status], [200, 200]);
    for (name, value) in [("SIMILARITY_THRESHOLD", "high"), ("STORE", "mongodb"), ("MODEL_NAME", "all-mpnet-base-v2")] {
        let reply = client(&[(name, value)]).get("/health");
        assert!(reply.status == 503 && reply.text().contains(&format!("{name} is `{value}`")), "{}", reply.text());
    }
}

#[test]
fn pages_of_other_sites_neither_read_nor_write() {
    let client = filled(&[]);
    let send = |method: &str, path: &str, headers: &[(&str, &str)]| {
        let request = client.request(method, path);
        headers.iter().fold(request, |request, (name, value)| request.header(name, value)).send("[]")
    };
    let json = ("content-type", "application/json");
    // A name that was rebound to this machine: the page's own, so there is no origin in a read.
    let rebound = [("host", "evil.example:5001"), ("origin", "http://evil.example:5001"), json];
    for (method, path) in [
        ("GET", "/documents"),
        ("GET", "/documents/cat"),
        ("DELETE", "/documents/cat"),
        ("DELETE", "/documents?id=cat"),
        ("PUT", "/documents"),
        ("POST", "/documents/reindex"),
        ("POST", "/query"),
        ("GET", "/"),
        ("GET", "/metrics"),
        ("GET", "/nothing"),
        ("OPTIONS", "/documents"),
    ] {
        let reply = send(method, path, &rebound);
        assert_eq!(reply.status, 403, "{method} {path}");
        assert!(reply.text().contains("not as `evil.example:5001`: name it in ALLOWED_HOSTS"), "{}", reply.text());
        assert_eq!(send(method, path, &rebound[..1]).status, 403, "{method} {path}");
    }
    // What tells whether the server is up has no secrets.
    assert_eq!(send("GET", "/health", &rebound).status, 200);
    let foreign = [("host", "127.0.0.1:5001"), ("origin", "http://evil.example"), json];
    for (method, path) in [
        ("DELETE", "/documents/cat"),
        ("DELETE", "/documents?id=cat"),
        ("PUT", "/documents"),
        ("POST", "/documents/reindex"),
    ] {
        let reply = send(method, path, &foreign);
        assert_eq!(reply.status, 403, "{method} {path}");
        assert!(reply.text().contains("pages of `http://evil.example` may not do this"), "{}", reply.text());
    }
    assert_eq!(count(&client), 4);
    // What a form or a script without a preflight could send.
    for content_type in [("content-type", "text/plain"), ("x-nothing", "here")] {
        assert_eq!(send("POST", "/documents/reindex", &[("host", "localhost"), content_type]).status, 415);
        assert_eq!(send("PUT", "/documents", &[("host", "localhost"), content_type]).status, 415);
    }
    let own = [("host", "127.0.0.1:5001"), ("origin", "http://127.0.0.1:5001"), json];
    assert_eq!(send("POST", "/documents/reindex", &own).status, 200);
    let reply = send("DELETE", "/documents/cat", &own);
    assert_eq!((reply.status, reply.header("x-content-type-options")), (204, "nosniff"));
    assert_eq!(reply.header("cross-origin-resource-policy"), "same-origin");
    assert_eq!(client.get("/documents").header("cache-control"), "no-store");
}

#[test]
fn a_read_key_does_not_write() {
    let client = client(&[("API_KEY", "all,other"), ("READ_API_KEY", "read")]);
    let send = |method: &str, path: &str, key: &str, body: &str| {
        let request = client.request(method, path).header("authorization", &format!("Bearer {key}"));
        // With a key, the name of the server and the origin of a page do not matter.
        let request = request.header("host", "kb.example").header("origin", "https://app.example");
        request.header("content-type", "application/json").send(body)
    };
    let body = documents().to_string();
    assert_eq!(send("PUT", "/documents", "other", &body).status, 200);
    for (method, path) in [
        ("PUT", "/documents"),
        ("DELETE", "/documents/cat"),
        ("DELETE", "/documents?id=cat"),
        ("POST", "/documents/reindex"),
    ] {
        let refused = send(method, path, "read", &body);
        let error = json!({ "error": "this key may only read: writing needs one of API_KEY" });
        assert_eq!((refused.status, refused.json()), (403, error), "{method} {path}");
    }
    assert_eq!(send("GET", "/documents/cat", "read", "").status, 200);
    assert_eq!(send("POST", "/query", "read", "{\"question\": \"a b c d e\"}").status, 200);
    assert_eq!(send("POST", "/documents/reindex", "all", "").status, 200);
    assert_eq!(send("GET", "/documents", "wrong", "").status, 401);
    assert_eq!(count(&client), 4);
}

#[test]
fn a_store_that_cannot_be_reached() {
    let error = DbError::Sqlite("unable to open database file: /srv/secret/kb.db".to_owned());
    let unreachable = over(&Shared::failing(error), &[]);
    let health = unreachable.get("/health");
    assert_eq!(health.status, 200);
    let health = health.json();
    assert_eq!((&health["status"], &health["database"]["connected"]), (&json!("unhealthy"), &json!(false)));
    let error = "the store cannot be reached: the database file cannot be opened";
    assert_eq!(health["database"]["error"], error);
    for reply in [
        unreachable.get("/ready"),
        query(&unreachable, "a"),
        unreachable.get("/documents"),
        unreachable.get("/documents/1"),
        unreachable.delete("/documents/1"),
        unreachable.put("/documents", documents().to_string()),
        unreachable.post("/documents/reindex", ""),
    ] {
        assert_eq!((reply.status, reply.header("retry-after"), &reply.json()["error"]), (503, "1", &json!(error)));
    }
    let other = over(&Shared::failing(DbError::NoSuchDatabase), &[]).get("/health").json();
    let error = "the store cannot be reached: the host gives this component no SQLite database `default`";
    assert_eq!(other["database"]["error"], error);
    assert_eq!(query(&over(&Shared::failing(DbError::Closed), &[]), "a").status, 503);
}

#[test]
fn a_store_that_is_no_store() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("text.db");
    std::fs::write(&file, "this is no database, but more than a hundred bytes of text ".repeat(9)).expect("a file");
    let reply = query(&over(&Shared::file(file), &[]), "a");
    assert_eq!((reply.status, reply.text().contains("the store is damaged")), (500, true), "{}", reply.text());

    // Written by a later version: nothing of it is touched.
    let db = Shared::in_memory();
    let client = over(&db, &[]);
    put(&client, &documents());
    db.batch("UPDATE minilm_meta SET format_version = 7");
    let is_refused = || {
        for reply in [
            query(&client, "a"),
            client.get("/documents"),
            client.get("/documents/cat"),
            client.put("/documents", documents().to_string()),
            client.delete("/documents/cat"),
            client.delete("/documents/none"),
            client.post("/documents/reindex", ""),
            client.get("/ready"),
        ] {
            assert_eq!(reply.status, 503, "{}", reply.text());
            let error = "the store has format version 7, and this component reads version 2: it needs a minilm that knows version 7";
            assert!(reply.text().contains(error), "{}", reply.text());
        }
    };
    is_refused();
    assert_eq!(db.value::<i64>("SELECT count(*) FROM minilm_documents"), 4);
    // Also where the later version has other columns or tables.
    db.batch("ALTER TABLE minilm_quantized RENAME COLUMN levels TO values_of_it");
    db.batch("ALTER TABLE minilm_documents RENAME COLUMN document TO content");
    is_refused();
    db.batch("DROP VIEW minilm_upsert; DROP VIEW minilm_stage; DROP VIEW minilm_switch; ALTER TABLE minilm_documents RENAME TO minilm_pages");
    is_refused();
    let made = "SELECT count(*) FROM sqlite_master WHERE name IN ('minilm_documents', 'minilm_upsert')";
    assert_eq!(db.value::<i64>(made), 0);
}

#[test]
fn a_full_store_leaves_the_old_state() {
    let db = Shared::in_memory();
    let client = over(&db, &[]);
    put(&client, &documents());
    let pages: i64 = db.value("PRAGMA page_count");
    db.batch(&format!("PRAGMA max_page_count = {pages}"));
    let before = client.get("/documents").json();
    let large = json!([{ "id": "cat", "question": "the cat", "answers": "long ".repeat(20_000) }]);
    let refused = client.put("/documents", large.to_string());
    assert_eq!(refused.status, 507, "{}", refused.text());
    assert_eq!(
        refused.json()["error"],
        "the store is full, and nothing was changed: the database or its disk has no room"
    );
    assert_eq!(client.get("/documents").json(), before);
    let full = over(&Shared::failing(DbError::Full), &[]).put("/documents", documents().to_string());
    assert_eq!(full.status, 507);
}
