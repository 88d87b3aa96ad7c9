//! A model is what it computes, and all of its files are of one revision.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};

use minilm_convert::{ModelFiles, Source as Converted};

use super::super::catalog::{Known, Source};
use super::super::context::Verify;
use super::super::{Error, Precision, Request};
use super::server::{Reply, Seen, Server};
use super::{Fixture, REPO, catalog, hub_of, nowhere, sha256};

type Files = BTreeMap<String, Vec<u8>>;

const FIRST: &str = "0123456789abcdef0123456789abcdef01234567";
const SECOND: &str = "89abcdef0123456789abcdef0123456789abcdef";

/// A real model, as small as they come.
fn model() -> Files {
    let folder = Path::new("../../tests/golden/shapes/one-token-type");
    let files = [
        "1_Pooling/config.json",
        "2_Normalize/config.json",
        "config.json",
        "config_sentence_transformers.json",
        "model.safetensors",
        "modules.json",
        "sentence_bert_config.json",
        "tokenizer.json",
        "tokenizer_config.json",
    ];
    files.map(|file| (file.to_owned(), fs::read(folder.join(file)).unwrap())).into()
}

/// The model with one text replaced by another in one of its files.
fn changed(file: &str, from: &str, to: &str) -> Files {
    let mut files = model();
    let content = String::from_utf8(files[file].clone()).unwrap();
    assert!(content.contains(from), "{from} in {file}");
    files.insert(file.to_owned(), content.replacen(from, to, 1).into_bytes());
    files
}

/// The catalog's row for it.
fn row() -> Known {
    let mut files = ModelFiles::default();
    model().into_iter().for_each(|(path, content)| files.insert(path, content));
    let identity = Converted::read("tiny", &files).unwrap().identity().to_string();
    let hash = sha256(&model()["model.safetensors"]);
    Known { name: "tiny", repo: REPO, sha256: hash.leak(), identity: Some(identity.leak()), sources: &[Source::Hub] }
}

fn fixture(hub: &Server) -> Fixture {
    let mut fixture = Fixture::new(&hub.url);
    fixture.context.catalog = catalog(vec![row()]);
    fixture
}

fn obtain(fixture: &Fixture) -> Result<super::super::ModelDir, Error> {
    fixture.context.obtain_named(REPO, Verify::Sizes)
}

fn manifest(fixture: &Fixture) -> serde_json::Value {
    serde_json::from_slice(&fs::read(fixture.context.cache_dir.join("someone--tiny/manifest.json")).unwrap()).unwrap()
}

/// A hub that serves each revision, and says which commit it is.
fn hub_of_revisions(revisions: Vec<(&'static str, &'static str, Files)>) -> Server {
    Server::start(move |seen| {
        let find = |(name, commit, files): &(&str, &str, Files)| {
            let file = seen.path.strip_prefix(&format!("/{REPO}/resolve/{name}/"))?;
            let mut reply = files.get(file).map_or(Reply::status(404), |bytes| Reply::file(seen, bytes));
            reply.headers.push(("x-repo-commit", (*commit).to_owned()));
            Some(reply)
        };
        revisions.iter().find_map(find).unwrap_or_else(|| Reply::status(404))
    })
}

#[test]
fn a_mirror_may_serve_the_same_model_in_other_bytes() {
    let mut files = changed("1_Pooling/config.json", "{", "{\n\n");
    files.insert("README.md".to_owned(), b"# Other".to_vec());
    files.insert("special_tokens_map.json".to_owned(), b"{\"unk_token\": \"[UNK]\"}".to_vec());
    let hub = hub_of(files);
    let fixture = fixture(&hub);
    let dir = obtain(&fixture).unwrap();
    let pinned = row().model_sha256().unwrap();
    assert_eq!(manifest(&fixture)["model_sha256"], pinned);
    let packed = fixture.context.packed(&dir, Precision::F32).unwrap();
    let packed = fs::read(packed.path).unwrap();
    assert!(packed.windows(64).any(|window| window == pinned.as_bytes()), "it is in the packed file");

    drop(hub);
    assert_eq!(obtain(&fixture).unwrap(), dir);
    let listed = fixture.context.cached_models().unwrap();
    assert_eq!((listed.len(), &listed[0].model_sha256), (1, &Some(pinned)));
}

#[test]
fn a_mirror_with_another_model_is_refused() {
    for (file, from, to, named) in [
        ("1_Pooling/config.json", "mean", "cls", "`pooling` is \"cls\", expected \"mean\" (1_Pooling/config.json)"),
        // A piece of the vocabulary under another name.
        ("tokenizer.json", "\"a\":", "\"b?\":", "`vocabulary_sha256` differs (tokenizer.json)"),
        (
            "tokenizer_config.json",
            "\"do_lower_case\": true",
            "\"do_lower_case\": false",
            "`lowercase` is false, expected true (tokenizer.json, tokenizer_config.json)",
        ),
        (
            "tokenizer_config.json",
            "24",
            "20",
            "`max_seq_length` is 20, expected 24 (sentence_bert_config.json, tokenizer_config.json)",
        ),
        ("config.json", "1e-12", "1e-06", "`layer_norm_eps` is \"358637bd\", expected \"2b8cbccc\" (config.json)"),
        (
            "config_sentence_transformers.json",
            "\"query\": \"\"",
            "\"query\": \"q\"",
            "(config_sentence_transformers.json)",
        ),
    ] {
        let hub = hub_of(changed(file, from, to));
        let fixture = fixture(&hub);
        let error = obtain(&fixture).unwrap_err();
        let message = error.to_string();
        assert!(matches!(error, Error::OtherModel { .. }), "{message}");
        for part in ["tiny from hub http://127.0.0.1", "expected ", &row().model_sha256().unwrap(), named] {
            assert!(message.contains(part), "{part} in {message}");
        }
        assert_eq!(fixture.entries(), ["someone--tiny.lock"], "nothing is kept");
    }
}

#[test]
fn a_mirror_that_changes_between_two_files_is_refused() {
    let requests = AtomicUsize::new(0);
    let hub = Server::start(move |seen| {
        let commit = if requests.fetch_add(1, Ordering::SeqCst) < 3 { FIRST } else { SECOND };
        let file =
            seen.path.rsplit_once(&format!("/{FIRST}/")).or(seen.path.rsplit_once("/main/")).map(|(_, file)| file);
        let mut reply =
            file.and_then(|file| model().remove(file)).map_or(Reply::status(404), |bytes| Reply::file(seen, &bytes));
        reply.headers.push(("x-repo-commit", commit.to_owned()));
        reply
    });
    let fixture = Fixture::new(&hub.url);
    let message = obtain(&fixture).unwrap_err().to_string();
    for part in [FIRST, SECOND, "of someone/tiny", "two revisions do not mix"] {
        assert!(message.contains(part), "{part} in {message}");
    }
    assert_eq!(fixture.entries(), ["someone--tiny.lock"]);
}

#[test]
fn a_branch_that_moves_meanwhile_is_read_at_one_commit() {
    // `main` moves on with every request; a commit does not.
    let requests = AtomicUsize::new(0);
    let (old, new) = (model(), changed("1_Pooling/config.json", "mean", "cls"));
    let hub = Server::start(move |seen| {
        let main = if requests.fetch_add(1, Ordering::SeqCst) == 0 { (FIRST, &old) } else { (SECOND, &new) };
        let reply = |(commit, files): (&str, &Files), file: &str| {
            let mut reply = files.get(file).map_or(Reply::status(404), |bytes| Reply::file(seen, bytes));
            reply.headers.push(("x-repo-commit", commit.to_owned()));
            reply
        };
        let at = |revision: &str| seen.path.strip_prefix(&format!("/{REPO}/resolve/{revision}/"));
        match (at("main"), at(FIRST)) {
            (Some(file), _) => reply(main, file),
            (_, Some(file)) => reply((FIRST, &old), file),
            _ => Reply::status(404),
        }
    });
    let fixture = fixture(&hub);
    let dir = obtain(&fixture).unwrap();
    assert_eq!(fs::read(dir.path.join("1_Pooling/config.json")).unwrap(), model()["1_Pooling/config.json"]);
    let manifest = manifest(&fixture);
    assert_eq!(manifest["revision"], FIRST);
    for (file, content) in model() {
        assert_eq!(manifest["files"][&file]["sha256"], sha256(&content), "{file}");
    }
    assert_eq!(hub.seen("").iter().filter(|seen| seen.path.contains("/main/")).count(), 1);
}

#[test]
fn the_commit_may_come_from_the_api() {
    let hub = Server::start(|seen: &Seen| {
        let file = seen.path.strip_prefix(&format!("/{REPO}/resolve/{FIRST}/"));
        match (seen.path.as_str(), file) {
            ("/api/models/someone/tiny/revision/main", _) => {
                Reply::whole(format!("{{\"id\":1,\"sha\":\"{FIRST}\"}}").as_bytes())
            }
            ("/someone/tiny/resolve/main/config.json", _) => Reply::whole(b"{\"of\": \"another revision\"}"),
            (_, Some(file)) if model().contains_key(file) => Reply::file(seen, &model()[file]),
            _ => Reply::status(404),
        }
    });
    let fixture = fixture(&hub);
    obtain(&fixture).unwrap();
    assert_eq!(manifest(&fixture)["revision"], FIRST);
}

#[test]
fn a_user_may_ask_for_a_revision() {
    let other = changed("1_Pooling/config.json", "mean", "cls");
    let hub = hub_of_revisions(vec![
        ("main", FIRST, model()),
        (FIRST, FIRST, model()),
        ("v2", SECOND, other.clone()),
        (SECOND, SECOND, other),
    ]);
    let fixture = fixture(&hub);
    let main = obtain(&fixture).unwrap();
    // What the catalog pins is the model without a revision.
    for revision in ["v2", SECOND] {
        let dir = fixture.context.resolve(&Request::Named(format!("{REPO}@{revision}"))).unwrap();
        assert_eq!(dir.path, fixture.context.cache_dir.join(format!("someone--tiny@{revision}")));
        assert!(fs::read_to_string(dir.path.join("1_Pooling/config.json")).unwrap().contains("cls"));
    }
    assert_eq!(obtain(&fixture).unwrap(), main);
    let listed = fixture.context.cached_models().unwrap();
    let revisions: Vec<_> = listed.iter().map(|model| model.revision.as_deref()).collect();
    assert_eq!(revisions, [Some(FIRST), Some(SECOND), Some(SECOND)]);
}

#[test]
fn a_later_download_that_differs_is_told() {
    let mut fixture = Fixture::new(&nowhere());
    let download = |fixture: &mut Fixture, commit, files: Files| {
        let hub = hub_of_revisions(vec![("main", commit, files.clone()), (commit, commit, files)]);
        fixture.context.endpoint = hub.url.clone();
        let _ = fs::remove_dir_all(fixture.context.cache_dir.join("someone--tiny"));
        obtain(fixture).unwrap();
        let told = std::mem::take(&mut *fixture.notes.lock().unwrap());
        (told, hub)
    };
    let (told, _hub) = download(&mut fixture, FIRST, model());
    assert!(told.is_empty(), "{told:?}");
    let mut other = changed("1_Pooling/config.json", "mean", "cls");
    other.remove("2_Normalize/config.json");
    let (told, _hub) = download(&mut fixture, SECOND, other);
    let expected = format!(
        "note: someone/tiny is not what was downloaded before: 1_Pooling/config.json, 2_Normalize/config.json differ (revision {SECOND}, \
         before {FIRST})"
    );
    assert_eq!(told, [expected]);
}

#[test]
fn files_put_into_the_cache_by_hand_must_be_the_model() {
    let fixture = fixture(&hub_of(Files::new()));
    let dir = fixture.context.cache_dir.join("someone--tiny");
    let put = |files: Files| {
        for (file, content) in files {
            let path = dir.join(file);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, content).unwrap();
        }
    };
    put(changed("1_Pooling/config.json", "mean", "cls"));
    let message = obtain(&fixture).unwrap_err().to_string();
    for part in ["someone--tiny", "`pooling` is \"cls\"", "(1_Pooling/config.json)", "remove the directory"] {
        assert!(message.contains(part), "{part} in {message}");
    }
    put(model());
    assert_eq!(obtain(&fixture).unwrap().path, dir);
    // Every file is looked at again where that is asked for.
    fs::write(
        dir.join("1_Pooling/config.json"),
        &changed("1_Pooling/config.json", "mean", "maxx")["1_Pooling/config.json"],
    )
    .unwrap();
    let damaged = fixture.context.obtain_named(REPO, Verify::Sha256).unwrap_err();
    assert!(matches!(damaged, Error::NoSource { .. }), "it is to be fetched: {damaged}");
}

#[test]
fn another_model_in_the_cache_of_others_is_passed_over() {
    let hub = hub_of(model());
    let mut fixture = fixture(&hub);
    let root = fixture.cache.path().join("hf");
    let folder = root.join("models--someone--tiny");
    let snapshot = folder.join("snapshots").join(FIRST);
    fs::create_dir_all(folder.join("refs")).unwrap();
    fs::write(folder.join("refs/main"), FIRST).unwrap();
    let put = |files: Files| {
        for (file, content) in files {
            let path = snapshot.join(file);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, content).unwrap();
        }
    };
    fixture.context.hf_cache = Some(root);
    put(model());
    for _ in 0..2 {
        assert_eq!(obtain(&fixture).unwrap().path, snapshot);
    }
    put(changed("1_Pooling/config.json", "mean", "cls"));
    assert_ne!(obtain(&fixture).unwrap().path, snapshot);
    let notes = fixture.notes.lock().unwrap();
    assert!(notes.len() == 1 && notes[0].contains("passed over: tiny from the cache of"), "{notes:?}");
    assert!(notes[0].contains("(1_Pooling/config.json)"), "{notes:?}");
}
