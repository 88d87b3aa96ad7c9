//! Killed in the middle: the store opens, each batch is whole or absent, and what was acknowledged is there.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use rusqlite::Connection;
use serde_json::{Value, json};

use super::{L3, SPIN, component, serve, serve_component};

/// How often the server is killed, where `MINILM_TEST_KILLS` does not say it.
const KILLS: usize = 50;
/// Writers at once, each with documents of its own, and documents of a batch.
const WRITERS: usize = 2;
const DOCUMENTS: usize = 12;
/// The longest that a server lives after its first answer.
const LIFE: Duration = Duration::from_millis(400);

/// Where the child finds the database.
const FILE: &str = "MINILM_TEST_CRASH_FILE";
/// Where it finds the component.
const COMPONENT: &str = "MINILM_TEST_CRASH_COMPONENT";

/// Not a test of its own: the process that is killed. Without a file it has nothing to do.
#[test]
#[ignore = "needs packed models: run `cargo xtask test`"]
fn child() {
    let (Some(file), Some(component)) = (std::env::var_os(FILE), std::env::var_os(COMPONENT)) else { return };
    let running = serve_component(Path::new(&component), Path::new(&file), &[], None);
    println!("\nlistening on {}", running.addr);
    thread::sleep(Duration::from_secs(600));
}

struct Killed(Child);

impl Killed {
    /// Starts a server and gives its address.
    fn start(file: &Path) -> (Self, String) {
        let mut command = Command::new(std::env::current_exe().expect("this program has a file"));
        command.args(["--ignored", "--exact", "kb::crash::child", "--nocapture"]);
        command.env(FILE, file).env(COMPONENT, component(SPIN, L3));
        let mut child = command.stdout(Stdio::piped()).spawn().expect("it can be started");
        let mut lines = BufReader::new(child.stdout.take().expect("it has an output")).lines();
        let addr = lines.find_map(|line| line.expect("text").strip_prefix("listening on ").map(str::to_owned));
        (Self(child), addr.expect("the server starts"))
    }
}

/// SIGKILL, also where a test fails.
impl Drop for Killed {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// All vectors are computed anew again and again, with writers beside that and without.
#[test]
#[ignore = "needs packed models: run `cargo xtask test`"]
fn kills_lose_nothing() {
    let kills = std::env::var("MINILM_TEST_KILLS").map_or(KILLS, |kills| kills.parse().expect("a number"));
    let folder = tempfile::tempdir().expect("a folder can be made");
    let file = folder.path().join("kb.db");
    // Built, compiled and with tables before anything is killed.
    super::count(&serve(&file, &[], None));
    let mut random = fastrand::Rng::with_seed(17);
    // The last generation of each writer's documents that was acknowledged, and that was sent.
    let acknowledged = [const { AtomicUsize::new(0) }; WRITERS];
    let sent = [const { AtomicUsize::new(0) }; WRITERS];
    let (mut in_flight, mut partly_done) = (0, 0);
    let reindexed = AtomicUsize::new(0);
    for round in 0..kills {
        let (server, addr) = Killed::start(&file);
        let life = LIFE.mul_f64(random.f64());
        thread::scope(|scope| {
            // Where all documents are written again and again, no reindex comes to an end: every other time it is alone.
            for writer in 0..if round % 2 == 0 { WRITERS } else { 0 } {
                let (addr, acknowledged, sent) = (&addr, &acknowledged[writer], &sent[writer]);
                scope.spawn(move || write(addr, writer, sent, acknowledged));
            }
            scope.spawn(|| reindex(&addr, &reindexed));
            thread::sleep(life);
            drop(server);
        });
        for writer in 0..WRITERS {
            let stored = stored(&file, writer);
            let [least, most] = [&acknowledged[writer], &sent[writer]].map(|number| number.load(Ordering::SeqCst));
            assert!((least..=most).contains(&stored), "writer {writer}: {stored} is stored, {least} was acknowledged");
            in_flight += usize::from(round % 2 == 0 && least < most);
            partly_done += usize::from(least < stored);
            // What was not acknowledged may be there all the same: it is sent again under a new number.
            acknowledged[writer].store(stored, Ordering::SeqCst);
        }
    }
    let running = serve(&file, &[], None);
    let written = acknowledged.iter().filter(|number| number.load(Ordering::SeqCst) > 0).count();
    assert_eq!(super::count(&running), (written * DOCUMENTS) as u64);
    let batches: usize = sent.iter().map(|number| number.load(Ordering::SeqCst)).sum();
    let reindexed = reindexed.load(Ordering::SeqCst);
    println!(
        "{kills} kills, {batches} batches sent, {in_flight} of them under way, {partly_done} of these written whole, \
         {reindexed} reindexes"
    );
    // How many reindexes come to an end depends on the machine; that one always goes on is what this is for.
    assert!(in_flight > kills / 2, "most kills hit a batch under way");
    // Every vector is that of its text: it stays the same when it is computed anew.
    let before = vectors(&file);
    assert_eq!(running.post("/documents/reindex", "").json()["remaining"], 0);
    assert_eq!(vectors(&file), before);
}

/// Has all vectors computed anew until the server is gone.
fn reindex(addr: &str, reindexed: &AtomicUsize) {
    let agent: ureq::Agent = ureq::Agent::config_builder().http_status_as_error(false).proxy(None).build().into();
    let request = || agent.post(format!("http://{addr}/documents/reindex")).header("content-type", "application/json");
    while let Ok(reply) = request().send_empty() {
        // Another writer can hold the store for too long.
        assert!([200, 202, 409, 503].contains(&reply.status().as_u16()), "{}", reply.status());
        reindexed.fetch_add(usize::from(reply.status() == 200), Ordering::SeqCst);
    }
}

/// Ids, documents and vectors in the file.
fn vectors(file: &Path) -> String {
    let all = "SELECT group_concat(d.id || d.document || hex(d.vectors) || hex(q.levels))
        FROM minilm_documents d JOIN minilm_quantized q ON q.document = d.seq ORDER BY d.id";
    let db = Connection::open(file).expect("the store opens");
    db.query_row(all, [], |row| row.get(0)).expect("there are documents")
}

/// Sends generation after generation of the same documents until the server is gone.
fn write(addr: &str, writer: usize, sent: &AtomicUsize, acknowledged: &AtomicUsize) {
    let agent: ureq::Agent = ureq::Agent::config_builder().http_status_as_error(false).proxy(None).build().into();
    loop {
        let generation = sent.fetch_add(1, Ordering::SeqCst) + 1;
        let document = |index| json!({ "id": format!("{writer}-{index}"), "question": format!("{generation} {index}?"), "answers": generation });
        let documents = Value::Array((0..DOCUMENTS).map(document).collect()).to_string();
        let request = agent.put(format!("http://{addr}/documents")).header("content-type", "application/json");
        match request.send(documents) {
            Ok(mut reply) => {
                let text = reply.body_mut().read_to_string().unwrap_or_default();
                assert_eq!(reply.status(), 200, "{text}");
                acknowledged.store(generation, Ordering::SeqCst);
            }
            Err(_) => return,
        }
    }
}

/// The generation of a writer's documents in the file, which is one, with vectors of its own; 0 where there are none.
fn stored(file: &Path, writer: usize) -> usize {
    let db = Connection::open(file).expect("the store opens");
    let check: String = db.query_row("PRAGMA integrity_check", [], |row| row.get(0)).expect("it can be checked");
    assert_eq!(check, "ok");
    let query = "SELECT count(*), count(q.levels), count(DISTINCT d.document ->> 'answers'),
            coalesce(max(d.document ->> 'answers'), 0)
        FROM minilm_documents d LEFT JOIN minilm_quantized q ON q.document = d.seq WHERE d.id LIKE ?1 || '-%'";
    let found: (u32, u32, u32, u32) = db
        .query_row(query, [writer.to_string()], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?)))
        .expect("the tables are there");
    let (documents, vectors, generations, generation) = found;
    assert!(
        documents == 0 || (documents, vectors, generations) == (DOCUMENTS as u32, DOCUMENTS as u32, 1),
        "{found:?}"
    );
    generation as usize
}
