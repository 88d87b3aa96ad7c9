//! What becomes of a PostgreSQL store when it is migrated, reindexed and interrupted.

use std::collections::BTreeMap;
use std::fs;
use std::process::Command;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tokio_postgres::{Client, NoTls};

use super::postgres::{database, database_of, on, serve, wait};
use super::{L3, L6, Running, documents, put};

const FIELDS: [(&str, &str); 1] = [("SEARCH_FIELDS", "question,title")];

/// Stores with the four documents of [`documents`], by `pg_dump --inserts`, as these versions wrote them.
const VERSIONS: [(&str, &str); 2] =
    [("1", include_str!("stores/postgres-v1.sql")), ("2", include_str!("stores/postgres-v2.sql"))];

/// Connections of servers to the database of `client`.
const OTHERS: &str = "FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()";

async fn load(client: &Client, dump: &str) {
    client.batch_execute(dump).await.expect("the dump is right");
}

fn version(address: &str) -> i32 {
    let version = "SELECT format_version FROM minilm_meta";
    on(address, async |client| client.query_one(version, &[]).await.expect("a store").get(0))
}

fn answers(running: &Running) -> Vec<Value> {
    let search = |field| json!({ "query": "cards", "top_k": 10, "threshold": -1, "field": field }).to_string();
    let scores = |field| -> Value {
        let answer = running.post("/search", search(field)).json();
        let result =
            |result: &Value| json!([result["document_id"], format!("{:.4}", result["score"].as_f64().unwrap_or(9.0))]);
        answer["results"].as_array().map(|results| results.iter().map(result).collect()).unwrap_or(answer)
    };
    vec![scores("question"), scores("title"), running.get("/documents").json()]
}

#[test]
#[ignore = "needs packed models: run `cargo xtask test`"]
fn stores_of_earlier_versions_answer_as_new_ones() {
    let Some(address) = database("fresh") else { return };
    let fresh = serve(&address, &FIELDS, L3);
    put(&fresh, documents().to_string());
    let expected = answers(&fresh);
    for (name, dump) in VERSIONS {
        let address = database(&format!("version_{name}")).expect("there is a server");
        on(&address, async |client| load(&client, dump).await);
        let running = serve(&address, &FIELDS, L3);
        // The connection is ended in the middle of the migration, which has done nothing then.
        thread::scope(|scope| {
            on(&address, async |client| {
                client.batch_execute("BEGIN; LOCK TABLE minilm_vectors").await.expect("a lock");
                let ready = scope.spawn(|| running.get("/ready").status());
                wait(&client, 1).await;
                client.batch_execute(&format!("SELECT pg_terminate_backend(pid) {OTHERS}")).await.expect("ended");
                assert_eq!(ready.join().expect("it answers"), 503);
                client.batch_execute("COMMIT").await.expect("the lock is given back");
            });
        });
        assert_eq!(version(&address).to_string(), name);
        assert_eq!(answers(&running), expected, "{name}");
        assert_eq!(version(&address), 3);
        assert_eq!(running.post("/documents/reindex", "").json()["reindexed"], 4);
        assert_eq!(answers(&running), expected, "{name}");
    }
}

/// Documents of the store that is interrupted.
const DOCUMENTS: usize = 100;

/// Where a server is whose processes may be killed.
const KILLED: &str = "MINILM_TEST_KILLED_POSTGRES";

fn document(index: usize, generation: usize) -> Value {
    json!({ "id": format!("{index:03}"), "question": format!("question {index} {generation}"), "answers": generation })
}

/// Every document with its vector.
fn vectors(address: &str) -> BTreeMap<String, (String, String)> {
    let all = "SELECT d.id, d.document, v.embedding::text FROM minilm_documents d JOIN minilm_vectors v ON v.document = d.seq";
    let rows = on(address, async |client| client.query(all, &[]).await.expect("a store"));
    rows.iter().map(|row| (row.get(0), (row.get(1), row.get(2)))).collect()
}

#[test]
#[ignore = "needs packed models: run `cargo xtask test`"]
fn connections_that_end_lose_nothing() {
    let (Some(address), Some(other)) = (database("ended"), database("whole")) else { return };
    let end = |_: &mut fastrand::Rng| {
        on(&address, async |client| {
            client.batch_execute(&format!("SELECT pg_terminate_backend(pid) {OTHERS}")).await.expect("ended");
        });
    };
    nothing_is_lost(&address, &other, 100, end);
}

/// PostgreSQL ends all its processes where one was killed, and goes through its log before it answers again.
#[test]
#[ignore = "needs packed models: run `cargo xtask test`"]
fn a_server_that_is_killed_loses_nothing() {
    let name = |name| database_of(KILLED, name);
    let (Some(address), Some(other)) = (name("killed"), name("whole")) else { return };
    let kills = std::env::var("MINILM_TEST_KILLS").map_or(10, |kills| kills.parse().expect("a number"));
    let killed = AtomicUsize::new(0);
    let kill = |random: &mut fastrand::Rng| {
        let processes = processes(&address);
        let process = processes[random.usize(..processes.len())];
        // It may have ended meanwhile, and a server elsewhere has other numbers.
        if fs::read_to_string(format!("/proc/{process}/comm")).is_ok_and(|name| name.trim() == "postgres") {
            let status = Command::new("kill").args(["-9", &process.to_string()]).status().expect("there is a kill");
            killed.fetch_add(usize::from(status.success()), Ordering::SeqCst);
        }
        thread::sleep(Duration::from_millis(100));
    };
    nothing_is_lost(&address, &other, kills, kill);
    let killed = killed.into_inner();
    assert!(killed > kills / 2, "{killed} of {kills} processes were killed");
}

/// The processes of the server, as soon as it answers.
fn processes(address: &str) -> Vec<i32> {
    let start = Instant::now();
    let asked = async {
        loop {
            if let Ok((client, connection)) = tokio_postgres::connect(address, NoTls).await {
                tokio::spawn(connection);
                let all = "SELECT pid FROM pg_stat_activity WHERE pid <> pg_backend_pid()";
                if let Ok(rows) = client.query(all, &[]).await
                    && !rows.is_empty()
                {
                    return rows.iter().map(|row| row.get(0)).collect();
                }
            }
            assert!(start.elapsed() < Duration::from_secs(60), "it never answers again");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::runtime::Runtime::new().expect("threads can be started").block_on(asked)
}

/// Sets its flag when it is dropped.
struct AtEnd<'a>(&'a AtomicBool);

impl Drop for AtEnd<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::SeqCst);
    }
}

/// The first model writes and the second one reindexes, while `trouble` comes so many times. What was acknowledged is there afterwards,
/// and all vectors are those of their texts: compared with a store in `other`.
fn nothing_is_lost(address: &str, other: &str, troubles: usize, trouble: impl Fn(&mut fastrand::Rng)) {
    let first = serve(address, &[], L3);
    let second = serve(address, &[("MAX_REQUEST_MS", "50")], L6);
    put(&first, (0..DOCUMENTS).map(|index| document(index, 0)).collect::<Value>().to_string());
    let (done, written, failed) = (AtomicBool::new(false), AtomicUsize::new(0), AtomicUsize::new(0));
    // The last generation of each document that was acknowledged, and the last one that was sent.
    let mut expected: Vec<[usize; 2]> = vec![[0, 0]; DOCUMENTS];
    thread::scope(|scope| {
        // Also where trouble panics: the others would go on without end.
        let _ended = AtEnd(&done);
        scope.spawn(|| {
            for turn in 1.. {
                let index = turn * 7 % DOCUMENTS;
                let status = put(&first, json!([document(index, turn)]).to_string()).status();
                match status {
                    200 => expected[index] = [turn, turn],
                    // The second model has taken the store over.
                    409 => break,
                    _ => expected[index][1] = turn,
                }
                written.fetch_add(usize::from(status == 200), Ordering::SeqCst);
                failed.fetch_add(usize::from(status != 200), Ordering::SeqCst);
                if done.load(Ordering::SeqCst) {
                    break;
                }
            }
        });
        scope.spawn(|| {
            while !done.load(Ordering::SeqCst) {
                let status = second.post("/documents/reindex", "").status();
                assert!([200, 202, 409, 503].contains(&status), "{status}");
            }
        });
        let mut random = fastrand::Rng::with_seed(3);
        for _ in 0..troubles {
            thread::sleep(Duration::from_millis(random.u64(1..40)));
            trouble(&mut random);
        }
    });
    let [written, failed] = [written, failed].map(AtomicUsize::into_inner);
    println!("{troubles} troubles: {written} writes acknowledged, {failed} not");
    assert!(written > 0);
    let reindex = || second.post("/documents/reindex", "").status();
    let start = Instant::now();
    while reindex() != 200 {
        assert!(start.elapsed() < Duration::from_secs(120), "the reindex never ends");
    }
    let found = vectors(address);
    assert_eq!(found.len(), DOCUMENTS);
    for (index, [acknowledged, sent]) in expected.iter().enumerate() {
        let kept: Value = serde_json::from_str(&found[&format!("{index:03}")].0).expect("JSON");
        let generation = kept["answers"].as_u64().expect("a number") as usize;
        // Of those that failed in between, each may be there.
        assert!((*acknowledged..=*sent).contains(&generation), "{index}: {generation}, {acknowledged} to {sent}");
    }
    // The vectors are those of a store that the second model alone has filled.
    let whole = serve(other, &[], L6);
    put(&whole, format!("[{}]", found.values().map(|(document, _)| document.as_str()).collect::<Vec<_>>().join(",")));
    assert_eq!(vectors(other), found);
}
