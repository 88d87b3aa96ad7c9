//! A real PostgreSQL with pgvector, which `cargo xtask test` starts: it answers as SQLite does.

use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tokio_postgres::{Client, NoTls};
use ureq::http::Request;

use super::answers::filters;
use super::{
    Databases, Kb, L3, L6, Options, Running, SPIN, close, component, count, delete, documents, filter_cases, options,
    put,
};

/// Where the server is, as `host=… user=… dbname=postgres`.
const SERVER: &str = "MINILM_TEST_POSTGRES";

/// A database of its own for the test `name`; nothing where there is no server.
pub fn database(name: &str) -> Option<String> {
    database_of(SERVER, name)
}

/// The same on the server that the environment variable `server` names.
pub fn database_of(server: &str, name: &str) -> Option<String> {
    let Ok(server) = std::env::var(server) else {
        println!("skipped: {server} names no PostgreSQL with pgvector");
        return None;
    };
    on(&server, async |client| {
        client.batch_execute(&format!("DROP DATABASE IF EXISTS {name}")).await.expect("it can be dropped");
        client.batch_execute(&format!("CREATE DATABASE {name}")).await.expect("it can be made");
    });
    Some(server.replace("dbname=postgres", &format!("dbname={name}")))
}

/// Does something over a connection.
pub fn on<T>(address: &str, work: impl AsyncFnOnce(Client) -> T) -> T {
    tokio::runtime::Runtime::new().expect("threads can be started").block_on(async {
        let (client, connection) = tokio_postgres::connect(address, NoTls).await.expect("the server is there");
        tokio::spawn(connection);
        work(client).await
    })
}

pub fn serve(address: &str, env: &[(&str, &str)], model: &str) -> Running {
    let databases = Databases { postgres: Some(address.to_owned()), ..Databases::default() };
    let env = [&[("STORE", "postgres"), ("POSTGRES_URL", address)], env].concat();
    Running::start(&component(SPIN, model), Options { databases: Some(databases), ..options(&env) })
}

/// Until so many wait for a lock in the database.
pub async fn wait(client: &Client, writers: i64) {
    let waiting =
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'";
    let start = Instant::now();
    while client.query_one(waiting, &[]).await.expect("a count").get::<_, i64>(0) < writers {
        assert!(start.elapsed() < Duration::from_secs(60), "{writers} writers never wait");
        tokio::time::sleep(Duration::from_millis(5)).await;
        // What was asked once stays as it was for the rest of a transaction.
        client.batch_execute("SELECT pg_stat_clear_snapshot()").await.expect("it can be cleared");
    }
}

/// Whether two answers are the same, but for the last digits of floats.
fn same(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Number(a_number), Value::Number(b_number)) if a_number.is_f64() || b_number.is_f64() => {
            b.as_f64().is_some_and(|b| close(a, b))
        }
        (Value::Array(a), Value::Array(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b)),
        (Value::Object(a), Value::Object(b)) => {
            a.len() == b.len() && a.iter().all(|(key, a)| b.get(key).is_some_and(|b| same(a, b)))
        }
        _ => a == b,
    }
}

#[test]
#[ignore = "needs packed models: run `cargo xtask test`"]
fn answers_are_those_of_sqlite() {
    let Some(address) = database("answers") else { return };
    let fields = [("SEARCH_FIELDS", "question,title")];
    let sqlite = Kb::filled(&fields);
    let postgres = serve(&address, &fields, L3);
    assert_eq!(put(&postgres, documents().to_string()).json(), json!({ "upserted": 4, "total": 4 }));

    let mut requests = vec![
        ("/query", json!({ "question": "Where is my new card?" })),
        ("/query", json!({ "question": "cost of a transfer", "threshold": 0.3 })),
        ("/query", json!({ "question": "Tell me about pizza", "threshold": 0.9 })),
        ("/query/batch", json!({ "questions": ["change my PIN", "pizza"], "threshold": 0.2, "top_k": 2 })),
        ("/query/batch", json!({ "questions": ["change my PIN"], "threshold": -1, "top_k": 100 })),
        ("/search", json!({ "query": "cards", "field": "title" })),
        ("/search", json!({ "query": "cards", "top_k": 1000, "threshold": 0.1 })),
        ("/search", json!({ "query": "" })),
    ];
    requests.extend(filters().into_iter().map(|(filter, _)| ("/search", json!({ "query": "x", "filter": filter }))));
    let compare = || {
        for (path, body) in &requests {
            let [a, b] = [&sqlite.running, &postgres].map(|running| running.post(path, body.to_string()));
            assert_eq!(a.status(), b.status(), "{path} {body}: {}", b.text());
            assert!(same(&a.json(), &b.json()), "{path} {body}: {} {}", a.text(), b.text());
        }
        for path in ["/documents", "/documents?limit=2", "/documents?after=card", "/documents/7", "/documents/none"] {
            let [a, b] = [&sqlite.running, &postgres].map(|running| running.get(path));
            assert_eq!((a.status(), a.json()), (b.status(), b.json()), "{path}");
        }
        assert_eq!(count(&sqlite.running), count(&postgres));
    };
    compare();
    // Changed, with a text taken away; dropped; embedded anew.
    let changed =
        json!([{ "id": "card", "question": "Where did my card go?", "answers": 1 }, { "id": "pin", "title": "PIN" }]);
    for running in [&sqlite.running, &postgres] {
        assert_eq!(put(running, changed.to_string()).json(), json!({ "upserted": 2, "total": 4 }));
    }
    compare();
    for running in [&sqlite.running, &postgres] {
        assert_eq!([delete(running, "7"), delete(running, "7")], [204, 404]);
        assert_eq!(running.post("/documents/reindex", "").json()["reindexed"], 3);
    }
    compare();
    assert_eq!(postgres.get("/health").json()["config"]["store"], "postgres");
}

/// What the native tests hold SQLite and the index file against, and that in this host's SQLite too.
#[test]
#[ignore = "needs packed models: run `cargo xtask test`"]
fn filters_find_what_they_find_in_sqlite() {
    let Some(address) = database("filters") else { return };
    let (table, cases) = (filter_cases::documents(), filter_cases::cases());
    let (mut metadata, filters) = filter_cases::random(2, 60, 80);
    metadata.splice(0..0, table.iter().map(|(_, metadata)| metadata.clone()));
    let (sqlite, postgres) = (Kb::with(&[]), serve(&address, &[], L3));
    for running in [&sqlite.running, &postgres] {
        let reply = put(running, filter_cases::with_ids(&metadata).to_string());
        assert_eq!(reply.status(), 200, "{}", reply.text());
    }
    let search = |running: &Running, filter: &Value| -> Vec<usize> {
        let reply = running.post("/search", filter_cases::search(filter));
        assert_eq!(reply.status(), 200, "{filter}: {}", reply.text());
        filter_cases::found(&reply.json())
    };
    let all = cases
        .iter()
        .map(|(filter, expected)| (filter, Some(expected)))
        .chain(filters.iter().map(|filter| (filter, None)));
    for (filter, expected) in all {
        let [a, b] = [&sqlite.running, &postgres].map(|running| search(running, filter));
        assert_eq!(a, b, "{filter}");
        if let Some(expected) = expected {
            let found: Vec<&str> = b.into_iter().filter_map(|at| table.get(at)).map(|(id, _)| *id).collect();
            assert_eq!(found, *expected, "{filter}");
        }
    }
}

#[test]
#[ignore = "needs packed models: run `cargo xtask test`"]
fn another_model_is_refused_until_a_reindex() {
    let Some(address) = database("models") else { return };
    let first = serve(&address, &[], L3);
    put(&first, documents().to_string());
    let second = serve(&address, &[], L6);
    let ask = json!({ "question": "Where is my new card?" }).to_string();
    assert_eq!(second.post("/query", ask.clone()).status(), 409);
    assert_eq!(second.post("/documents/reindex", "").json()["reindexed"], 4);
    assert_eq!([second.post("/query", ask.clone()).status(), first.post("/query", ask).status()], [200, 409]);
    assert_eq!(put(&first, "[{\"id\": \"x\", \"question\": \"x?\"}]").status(), 409);
}

#[test]
#[ignore = "needs packed models: run `cargo xtask test`"]
fn two_writers_lose_nothing() {
    let Some(address) = database("writers") else { return };
    // Both begin with an empty database.
    let servers = [serve(&address, &[], L3), serve(&address, &[], L3)];
    thread::scope(|scope| {
        for (writer, running) in servers.iter().enumerate() {
            scope.spawn(move || {
                for batch in 0..8 {
                    let document = |index| {
                        let owner = if index % 2 == 0 { "both".to_owned() } else { writer.to_string() };
                        json!({ "id": format!("{owner}-{batch}-{index}"), "question": format!("{owner} {batch} {index}?") })
                    };
                    let mut documents: Vec<Value> = (0..20).map(document).collect();
                    if writer == 1 {
                        documents.reverse();
                    }
                    let reply = put(running, Value::Array(documents).to_string());
                    assert_eq!(reply.status(), 200, "{}", reply.text());
                }
            });
        }
    });
    assert_eq!(count(&servers[0]), 8 * (10 + 2 * 10));
}

/// Both wait for one lock with the rows of before in sight: the second one's document has a text less than the first one's by then.
#[test]
#[ignore = "needs packed models: run `cargo xtask test`"]
fn the_later_writer_decides_what_is_found() {
    let Some(address) = database("later") else { return };
    let fields = [("SEARCH_FIELDS", "question,title")];
    let running = serve(&address, &fields, L3);
    put(&running, "[{\"id\": \"1\", \"question\": \"Where is my card?\"}]");
    thread::scope(|scope| {
        on(&address, async |client| {
            client.batch_execute("BEGIN; SELECT FROM minilm_meta FOR UPDATE").await.expect("a lock");
            for (writers, field) in [(1, "title"), (2, "question")] {
                let running = &running;
                scope.spawn(move || {
                    let reply = put(running, json!([{ "id": "1", field: "Card fees" }]).to_string());
                    assert_eq!(reply.status(), 200, "{}", reply.text());
                });
                wait(&client, writers).await;
            }
            client.batch_execute("COMMIT").await.expect("the lock is given back");
        });
    });
    // PostgreSQL lets whoever waits longest go first, and promises it nowhere.
    let document = running.get("/documents/1").json();
    for field in ["question", "title"] {
        let found = running.post("/search", json!({ "query": "x", "field": field }).to_string()).json();
        let hits = usize::from(document.get(field).is_some());
        assert_eq!(found["results"].as_array().map(Vec::len), Some(hits), "{document}: {found}");
    }
}

/// A delete that comes while a write waits has to wait behind it, and not with its document in hand.
#[test]
#[ignore = "needs packed models: run `cargo xtask test`"]
fn a_write_and_a_delete_do_not_wait_for_each_other() {
    let Some(address) = database("deadlock") else { return };
    let running = serve(&address, &[], L3);
    let document = "[{\"id\": \"1\", \"question\": \"Where is my card?\"}]";
    put(&running, document);
    let [written, deleted] = thread::scope(|scope| {
        on(&address, async |client| {
            client.batch_execute("BEGIN; SELECT FROM minilm_meta FOR UPDATE").await.expect("a lock");
            let written = scope.spawn(|| put(&running, document).status());
            wait(&client, 1).await;
            let deleted = scope.spawn(|| delete(&running, "1"));
            wait(&client, 2).await;
            client.batch_execute("COMMIT").await.expect("the lock is given back");
            [written, deleted]
        })
        .map(|thread| thread.join().expect("it answers"))
    });
    assert_eq!([written, deleted], [200, 204]);
}

/// The vectors that are searched are by then those of a model that the question's is none of.
#[test]
#[ignore = "needs packed models: run `cargo xtask test`"]
fn a_search_during_a_reindex_is_refused() {
    let Some(address) = database("meanwhile") else { return };
    let running = serve(&address, &[], L3);
    put(&running, documents().to_string());
    let ask = || running.post("/query", json!({ "question": "Where is my new card?" }).to_string()).status();
    let asked = thread::scope(|scope| {
        on(&address, async |client| {
            client.batch_execute("BEGIN; LOCK TABLE minilm_vectors").await.expect("a lock");
            let asked = scope.spawn(ask);
            wait(&client, 1).await;
            let other = "UPDATE minilm_meta SET identity = jsonb_set(identity::jsonb, '{model_sha256}', '\"other\"')";
            client.batch_execute(&format!("{other}; COMMIT")).await.expect("another model");
            asked
        })
        .join()
        .expect("it answers")
    });
    assert_eq!(asked, 409);
}

#[test]
#[ignore = "needs packed models: run `cargo xtask test`"]
fn a_search_can_walk_the_graph() {
    let Some(address) = database("graph") else { return };
    put(&serve(&address, &[], L3), documents().to_string());
    let plan: Vec<String> = on(&address, async |client| {
        client.batch_execute("SET enable_seqscan = off; SET enable_sort = off").await.expect("settings");
        let vector = format!("[{}]", ["1"; 384].join(","));
        let query = "EXPLAIN SELECT document FROM minilm_vectors v WHERE v.field = 'question'
            ORDER BY v.embedding::vector(384) <=> $1::text::vector(384) LIMIT 5";
        let rows = client.query(query, &[&vector]).await.expect("a plan");
        rows.iter().map(|row| row.get(0)).collect()
    });
    assert!(plan.iter().any(|line| line.contains("Index Scan using minilm_hnsw_question_384")), "{plan:?}");
}

/// PostgreSQL cuts names after 63 bytes.
#[test]
#[ignore = "needs packed models: run `cargo xtask test`"]
fn fields_with_the_same_start_have_graphs_of_their_own() {
    let Some(address) = database("names") else { return };
    let fields: Vec<String> = ["a", "b"].map(|end| "long".repeat(15) + end).into();
    let running = serve(&address, &[("SEARCH_FIELDS", &fields.join(","))], L3);
    let graphs = || -> Vec<String> {
        let query = "SELECT indexdef FROM pg_indexes WHERE indexdef LIKE '%hnsw%' ORDER BY indexdef";
        on(&address, async |client| {
            client.query(query, &[]).await.expect("graphs").iter().map(|row| row.get(0)).collect()
        })
    };
    put(&running, json!([{ "id": "1", (fields[0].as_str()): "a cat", (fields[1].as_str()): "a dog" }]).to_string());
    let is_of_all = |graphs: &[String]| {
        graphs.len() == 2 && fields.iter().all(|field| graphs.iter().any(|graph| graph.contains(&format!("'{field}'"))))
    };
    assert!(is_of_all(&graphs()), "{:?}", graphs());
    assert_eq!(running.post("/documents/reindex", "").status(), 200);
    assert!(is_of_all(&graphs()), "{:?}", graphs());
}

#[test]
#[ignore = "needs packed models: run `cargo xtask test`"]
fn errors_are_told_apart() {
    let Some(address) = database("errors") else { return };
    let running = serve(&address, &[], L3);
    // PostgreSQL has no U+0000, in a value that is filtered; in answers it is text of JSON.
    let reply = put(&running, "[{\"id\": \"1\", \"question\": \"a?\", \"metadata\": {\"by\": \"\\u0000\"}}]");
    assert_eq!(reply.status(), 422, "{}", reply.text());
    assert_eq!(count(&running), 0);
    let document = "{\"answers\":\"\\u0000\",\"id\":\"1\",\"question\":\"a?\"}";
    assert_eq!(put(&running, format!("[{document}]")).status(), 200);
    let found: Value = serde_json::from_str(document).expect("JSON");
    assert_eq!(running.get("/documents/1").json(), found);

    let gone = address.replace("dbname=errors", "dbname=nowhere");
    let gone = serve(&gone, &[], L3);
    let health = gone.get("/health");
    let database = &health.json()["database"];
    assert_eq!((health.status(), &database["connected"], gone.get("/ready").status()), (200, &json!(false), 503));
    let error = database["error"].as_str().expect("a reason");
    assert!(error.contains("no connection to PostgreSQL") && !error.contains("nowhere"), "{error}");
    let request = Request::put("/documents").header("content-type", "application/json");
    let databases = Some(Databases::default());
    let unset = Running::start(&component(SPIN, L3), Options { databases, ..options(&[("STORE", "postgres")]) });
    let reply = unset.send(request.body(b"[{\"id\": \"1\"}]".to_vec()).expect("a request"));
    assert!(reply.status() == 503 && reply.text().contains("POSTGRES_URL is not set"), "{}", reply.text());

    // Written by a later version, whose tables may have other names: nothing of it is touched.
    for change in ["UPDATE minilm_meta SET format_version = 7", "ALTER TABLE minilm_documents RENAME TO minilm_pages"] {
        on(&address, async |client| client.batch_execute(change).await.expect("a later version"));
        for reply in [
            running.get("/documents/1"),
            running.get("/ready"),
            running.post("/query", "{\"question\": \"a\"}"),
            put(&running, format!("[{document}]")),
        ] {
            let is_told = reply.text().contains("format version 7, and this component reads version 3: it needs");
            assert!(reply.status() == 503 && is_told, "{}", reply.text());
        }
        assert_eq!([delete(&running, "1"), delete(&running, "none")], [503, 503]);
    }
    let made = "SELECT count(*) FROM pg_tables WHERE tablename = 'minilm_documents'";
    let made: i64 = on(&address, async |client| client.query_one(made, &[]).await.expect("a count").get(0));
    assert_eq!(made, 0);
}

/// A statement that waits for a lock for too long is ended by PostgreSQL, and nothing is written.
#[test]
#[ignore = "needs packed models: run `cargo xtask test`"]
fn a_statement_that_waits_too_long_is_ended() {
    let Some(address) = database("waits") else { return };
    let running = serve(&format!("{address} options='-c statement_timeout=300'"), &[], L3);
    put(&running, documents().to_string());
    let reply = on(&address, async |client| {
        client.batch_execute("BEGIN; LOCK TABLE minilm_documents").await.expect("a lock");
        put(&running, "[{\"id\": \"1\", \"question\": \"Where is my card?\"}]")
    });
    assert_eq!((reply.status(), reply.header("retry-after")), (503, "1"), "{}", reply.text());
    assert!(reply.text().contains("statement_timeout"), "{}", reply.text());
    assert_eq!(count(&running), 4);
}

/// The database counts the bytes of documents, as SQLite does.
#[test]
#[ignore = "needs packed models: run `cargo xtask test`"]
fn an_answer_over_the_budget_of_bytes_is_refused() {
    let Some(address) = database("bytes") else { return };
    let env = [("MAX_RESPONSE_BYTES", "500")];
    let (sqlite, postgres) = (Kb::filled(&env), serve(&address, &env, L3));
    put(&postgres, documents().to_string());
    let search = |top_k| json!({ "query": "Where is my new card?", "top_k": top_k }).to_string();
    let both = [&sqlite.running, &postgres].map(|running| {
        let replies = [
            running.post("/search", search(1)),
            running.post("/search", search(4)),
            running.get("/documents?limit=1"),
            running.get("/documents?limit=4"),
        ];
        replies.map(|reply| (reply.status(), reply.json()["limit"].clone()))
    });
    assert_eq!(both[0], both[1]);
    assert_eq!(both[0].clone().map(|(status, _)| status), [200, 422, 200, 422]);
    assert_eq!(both[0][1].1["name"], "MAX_RESPONSE_BYTES");
}
