//! An index file: it answers as SQLite does, and can only be read.

use std::fs;
use std::path::Path;

use minilm_documents::{Documents, ModelIdentity, write_index};
use minilm_kb::{Kb, Settings, StoreKind};
use minilm_test_support::{Client, embedder, other_embedder};
use serde_json::{Value, json};

use super::{client, client_of, count, documents, filled, filters, put};

/// Makes an index file of documents.
pub fn build(path: &Path, documents: &Value, fields: &[&str]) {
    let text = documents.to_string();
    let documents = Documents::new(text.as_bytes()).collect::<Result<Vec<_>, _>>().expect("documents");
    let embedder = embedder();
    let model = ModelIdentity::from(embedder.config());
    let fields: Vec<String> = fields.iter().map(|&field| field.to_owned()).collect();
    let mut file = Vec::new();
    write_index(&mut file, &model, &fields, &documents, |texts| {
        let embeddings = embedder.encode(texts, &minilm::EncodeOptions::default())?;
        Ok::<_, minilm::Error>(embeddings.data)
    })
    .expect("the documents fit");
    fs::write(path, file).expect("a file");
}

pub fn serve(path: &Path, env: &[(&str, &str)], other: bool) -> Client<Kb> {
    let settings = Settings::read(|name| (name == "INDEX_FILE").then(|| path.display().to_string())).expect("settings");
    assert_eq!(settings.store, StoreKind::Index);
    let store = minilm_kb::from_settings(&settings).expect("this build reads index files");
    client_of(env, if other { other_embedder() } else { embedder() }, store)
}

#[test]
fn answers_are_those_of_sqlite() {
    let fields = [("SEARCH_FIELDS", "question,title")];
    let sqlite = filled(&fields);
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("kb.minilm");
    build(&file, &documents(), &["question", "title"]);
    let index = serve(&file, &fields, false);

    let mut requests = vec![
        ("/query", json!({ "question": "the cat sat on the mat" })),
        ("/query", json!({ "question": "1 2 . ?", "threshold": 0.3 })),
        ("/query", json!({ "question": "hello", "threshold": 0.99 })),
        ("/query/batch", json!({ "questions": ["a b c", "hello"], "threshold": 0.2, "top_k": 2 })),
        ("/query/batch", json!({ "questions": ["a b c"], "threshold": -1, "top_k": 100 })),
        ("/search", json!({ "query": "a world of cats", "field": "title" })),
        ("/search", json!({ "query": "cats", "top_k": 1000, "threshold": 0.1 })),
        ("/search", json!({ "query": "cats", "field": "answers" })),
        ("/query", json!({ "question": "" })),
    ];
    requests.extend(filters().into_iter().map(|(filter, _)| ("/search", json!({ "query": "x", "filter": filter }))));
    for (path, body) in &requests {
        // To the last digit: both search with the same code over the same vectors.
        let [a, b] = [&sqlite, &index].map(|client| client.post(path, body.to_string()));
        assert_eq!((a.status, a.json()), (b.status, b.json()), "{path} {body}");
    }
    for path in ["/documents", "/documents?limit=2", "/documents?after=cat", "/documents/7", "/documents/none"] {
        let [a, b] = [&sqlite, &index].map(|client| client.get(path));
        assert_eq!((a.status, a.json()), (b.status, b.json()), "{path}");
    }
    assert_eq!(count(&index), 4);
    assert_eq!(index.get("/health").json()["config"]["store"], "index");
}

#[test]
fn an_empty_text_is_not_searched() {
    let documents = json!([{ "id": "empty", "question": "" }, { "id": "cat", "question": "the cat" }]);
    let sqlite = client(&[]);
    put(&sqlite, &documents);
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("kb.minilm");
    build(&file, &documents, &["question"]);
    for client in [&sqlite, &serve(&file, &[], false)] {
        let found = client.post("/search", json!({ "query": "cat", "top_k": 9, "threshold": -1 }).to_string()).json();
        assert_eq!(found["metadata"]["total_documents_searched"], 1, "{found}");
        assert_eq!(found["results"].as_array().map(Vec::len), Some(1), "{found}");
    }
}

#[test]
fn it_can_only_be_read() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("kb.minilm");
    build(&file, &documents(), &["question"]);
    let index = serve(&file, &[], false);
    let before = fs::read(&file).expect("it is there");
    for reply in [
        index.put("/documents", "[{\"id\": \"x\", \"question\": \"x?\"}]"),
        index.post("/documents/reindex", ""),
        index.delete("/documents/cat"),
    ] {
        let error = "the store `index` can only be read: build a new file to change it";
        assert_eq!((reply.status, reply.json()), (405, json!({ "error": error })));
        assert_eq!(reply.header("allow"), "GET, HEAD, OPTIONS");
    }
    assert_eq!(fs::read(&file).expect("it is there"), before);
}

#[test]
fn a_file_that_does_not_fit_is_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("kb.minilm");
    let missing = serve(&file, &[], false);
    let error = "the store cannot be reached: the index file that INDEX_FILE names cannot be opened";
    for (path, status) in [("/health", 200), ("/ready", 503)] {
        let reply = missing.get(path);
        assert!(reply.status == status && reply.text().contains(error), "{path}: {}", reply.text());
    }

    build(&file, &documents(), &["question"]);
    let ask = json!({ "question": "the cat" }).to_string();
    let other = serve(&file, &[], true);
    let refused = other.post("/query", ask.clone());
    assert_eq!(refused.status, 409);
    assert!(refused.text().contains("build the index file anew"), "{}", refused.text());
    assert_eq!([other.get("/health").status, other.get("/ready").status], [200, 503]);
    let fields = serve(&file, &[("SEARCH_FIELDS", "question,title")], false).post("/query", ask.clone());
    assert_eq!(fields.status, 409);

    let bytes = fs::read(&file).expect("it is there");
    fs::write(&file, &bytes[..bytes.len() / 2]).expect("a file");
    let cut = serve(&file, &[], false).post("/query", ask.clone());
    assert!(cut.status == 500 && cut.text().contains("the index file is damaged"), "{}", cut.text());

    let key = b"minilm-index.version\":\"";
    let at = bytes.windows(key.len()).position(|window| window == key).expect("the version of the format");
    let mut later = bytes;
    later[at + key.len()] = b'7';
    fs::write(&file, later).expect("a file");
    let later = serve(&file, &[], false).post("/query", ask);
    let error =
        "the store has format version 7, and this component reads version 2: it needs a minilm that knows version 7";
    assert_eq!((later.status, &later.json()["error"]), (503, &json!(error)));
}
