//! What is fetched from a hub, and who gets the token.

use std::collections::BTreeMap;
use std::fs;
use std::thread;

use super::super::context::Verify;
use super::super::{Error, Request};
use super::server::{Reply, Server};
use super::{Fixture, REPO, files, hub_of, hub_reply, names_in, nowhere, sha256, weights};

#[test]
fn a_small_repo_is_pulled_whole() {
    let hub = hub_of(files());
    let fixture = Fixture::new(&hub.url);
    let request = Request::Named(REPO.to_owned());
    let dir = fixture.context.resolve(&request).unwrap();
    assert_eq!(dir.name, REPO);
    assert_eq!(
        names_in(&dir.path),
        [
            // Empty: modules.json names it, and the repo has nothing in it.
            "2_Normalize",
            "config.json",
            "manifest.json",
            "model.safetensors",
            "modules.json",
            "odd_Pooling",
            "tokenizer.json"
        ]
    );
    assert_eq!(names_in(&dir.path.join("odd_Pooling")), ["config.json"]);
    assert_eq!(fs::read(dir.path.join("model.safetensors")).unwrap(), weights());
    assert_eq!(
        fixture.entries(),
        ["someone--tiny", "someone--tiny.json", "someone--tiny.lock"],
        "nothing half-done stays"
    );

    drop(hub);
    assert_eq!(fixture.context.resolve(&request).unwrap(), dir, "without network");
}

#[test]
fn a_configuration_that_is_too_large_is_refused() {
    let large = format!("{{{}}}", " ".repeat(4 << 20)).into_bytes();
    for file in ["config.json", "modules.json", "odd_Pooling/config.json"] {
        let mut files = files();
        files.insert(file.to_owned(), large.clone());
        let hub = hub_of(files);
        let error = Fixture::new(&hub.url).context.obtain_named(REPO, Verify::Sizes).unwrap_err().to_string();
        assert!(error.contains(file) && error.contains("has 4194306 bytes or more"), "{error}");
        assert!(hub.seen("model.safetensors").is_empty());
    }
}

#[test]
fn a_damaged_model_is_replaced() {
    let hub = hub_of(files());
    let fixture = Fixture::new(&hub.url);
    let dir = fixture.context.obtain_named(REPO, Verify::Sizes).unwrap().path;
    let path = dir.join("model.safetensors");
    let pulls = || hub.seen("model.safetensors").len();

    fs::write(&path, b"short").unwrap();
    fixture.context.obtain_named(REPO, Verify::Sizes).unwrap();
    assert_eq!((fs::read(&path).unwrap(), pulls()), (weights(), 2));

    let mut same_size = weights();
    same_size[7] ^= 1;
    fs::write(&path, same_size).unwrap();
    fixture.context.obtain_named(REPO, Verify::Sizes).unwrap();
    assert_eq!(pulls(), 2, "sizes alone do not tell");
    fixture.context.obtain_named(REPO, Verify::Sha256).unwrap();
    assert_eq!((fs::read(&path).unwrap(), pulls()), (weights(), 3));
}

#[test]
fn the_token_goes_to_the_hub_and_to_nobody_else() {
    let storage = Server::start(|seen| Reply::file(seen, &weights()));
    let target = storage.url.join("/blob?signature=secret").unwrap();
    let hub = Server::start(move |seen| match seen.path.as_str() {
        path if path.ends_with("model.safetensors") => Reply {
            headers: vec![("location", target.to_string()), ("x-linked-etag", format!("\"{}\"", sha256(&weights())))],
            ..Reply::status(302)
        },
        // As the hub does for a renamed repo: a relative redirect, to itself.
        "/someone/tiny/resolve/main/config.json" => Reply::redirect("/elsewhere/config.json"),
        "/elsewhere/config.json" => Reply::whole(b"{}"),
        _ => hub_reply(REPO, &files(), seen),
    });
    let mut fixture = Fixture::new(&hub.url);
    fixture.context.token = Some("hf_test".to_owned());
    fixture.context.obtain_named(REPO, Verify::Sizes).unwrap();
    for seen in hub.seen("") {
        assert_eq!(seen.header("authorization"), Some("Bearer hf_test"), "{}", seen.path);
    }
    assert_eq!(hub.seen("/elsewhere/config.json").len(), 1);
    // Another port of the same host is another origin.
    let at_storage = storage.seen("");
    assert_eq!(at_storage.len(), 1);
    assert_eq!(at_storage[0].header("authorization"), None);
}

#[test]
fn weights_unlike_the_announced_hash_are_refused() {
    let hub = Server::start(|seen| {
        let mut reply = hub_reply(REPO, &files(), seen);
        reply.headers.push(("x-linked-etag", format!("\"{}\"", sha256(b"other"))));
        // The small files are in git: their x-linked-etag, if any, is no sha256.
        if !seen.path.ends_with("model.safetensors") {
            reply.headers.pop();
        }
        reply
    });
    let fixture = Fixture::new(&hub.url);
    let error = fixture.context.obtain_named(REPO, Verify::Sizes).unwrap_err();
    assert!(matches!(&error, Error::Sha256 { expected, .. } if *expected == sha256(b"other")), "{error}");
}

#[test]
fn a_module_outside_the_model_is_refused() {
    for path in ["../../evil", "/etc", "a/../../b", "C:\\evil", "a//b", "%2e%2e/evil"] {
        let mut files = files();
        let modules = serde_json::json!([{ "path": path }]).to_string();
        files.insert("modules.json".to_owned(), modules.into());
        let hub = hub_of(files);
        let fixture = Fixture::new(&hub.url);
        let error = fixture.context.obtain_named(REPO, Verify::Sizes).unwrap_err();
        assert!(matches!(&error, Error::Invalid { what, .. } if what == "modules.json"), "{error}");
        assert!(hub.seen("model.safetensors").is_empty(), "known before the long download");
    }
}

#[test]
fn a_login_page_is_no_config() {
    let hub = Server::start(|_| Reply::whole(b"<html>Please log in</html>"));
    let fixture = Fixture::new(&hub.url);
    let error = fixture.context.obtain_named(REPO, Verify::Sizes).unwrap_err();
    assert!(error.to_string().contains("config.json: is not JSON"), "{error}");
}

#[test]
fn refusals_say_what_to_do() {
    for (status, advice) in [
        (404, "there is no such model, or it lacks this file"),
        (401, "set HF_TOKEN"),
        (403, "accept the model's terms"),
    ] {
        let hub = Server::start(move |_| Reply::status(status));
        let fixture = Fixture::new(&hub.url);
        let error = fixture.context.obtain_named(REPO, Verify::Sizes).unwrap_err();
        let Error::NoSource { attempts, .. } = &error else {
            panic!("{error}");
        };
        assert!(matches!(attempts[0].error, Error::Refused { status: s, .. } if s == status));
        let message = error.to_string();
        assert!(message.contains(advice), "{message}");
        assert!(message.contains("someone/tiny/resolve/main/config.json answered"), "{message}");
    }
}

#[test]
fn an_unreachable_hub_is_an_error_with_a_remedy() {
    let fixture = Fixture::new(&nowhere());
    let request = Request::Named(REPO.to_owned());
    let error = fixture.context.resolve(&request).unwrap_err();
    let message = error.to_string();
    for part in ["cannot get the model someone/tiny", "hub http://127.0.0.1:", "refused", "HF_ENDPOINT", "--model DIR"]
    {
        assert!(message.contains(part), "{part} in {message}");
    }
    assert!(fixture.notes.lock().unwrap().is_empty());
    assert_eq!(fixture.entries(), ["someone--tiny.lock"]);
}

#[test]
fn many_at_once_fetch_once() {
    let hub = hub_of(files());
    let fixture = Fixture::new(&hub.url);
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                let dir = fixture.context.obtain_named(REPO, Verify::Sizes).unwrap();
                assert_eq!(fs::read(dir.path.join("model.safetensors")).unwrap(), weights());
            });
        }
    });
    assert_eq!(hub.seen("model.safetensors").len(), 1);
}

#[test]
fn every_format_of_weights_is_fetched() {
    let index = |shards: [&str; 2]| serde_json::json!({ "weight_map": { "a": shards[0], "b": shards[1] } }).to_string();
    let safetensors = ["model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors"];
    let pickles = ["pytorch_model-00001-of-00002.bin", "pytorch_model-00002-of-00002.bin"];
    let safetensors_index = ("model.safetensors.index.json", index(safetensors));
    let pickle_index = ("pytorch_model.bin.index.json", index(pickles));
    let own = |name: &str, content: &str| (name.to_owned(), content.as_bytes().to_vec());
    for (there, kept) in [
        (vec![own("pytorch_model.bin", "pickle"), own("onnx/model.onnx", "onnx")], vec!["pytorch_model.bin"]),
        (
            vec![own("onnx/model.onnx", "onnx"), own("2_Normalize/model.safetensors", "dense")],
            vec!["onnx/model.onnx", "2_Normalize/model.safetensors"],
        ),
        (
            vec![own(safetensors[0], "1"), own(safetensors[1], "2"), own(safetensors_index.0, &safetensors_index.1)],
            safetensors.to_vec(),
        ),
        (
            vec![
                own(pickles[0], "1"),
                own(pickles[1], "2"),
                own(pickle_index.0, &pickle_index.1),
                own("vocab.txt", "a"),
            ],
            pickles.to_vec(),
        ),
    ] {
        let mut files = files();
        files.remove("model.safetensors");
        files.extend(there.clone());
        if files.contains_key("vocab.txt") {
            files.remove("tokenizer.json");
        }
        files.insert("added_tokens.json".to_owned(), b"{}".to_vec());
        let modules = String::from_utf8(files["modules.json"].clone()).unwrap();
        files.insert("modules.json".to_owned(), modules.replace("\"type\":\"N\"", "\"type\":\"a.Dense\"").into());
        files.insert("2_Normalize/config.json".to_owned(), b"{}".to_vec());
        let hub = hub_of(files);
        let fixture = Fixture::new(&hub.url);
        let dir = fixture.context.obtain_named(REPO, Verify::Sizes).unwrap().path;
        for file in kept.iter().chain(&["added_tokens.json"]) {
            assert!(dir.join(file).is_file(), "{file} of {kept:?}");
        }
        assert_eq!(dir.join("onnx").is_dir(), kept.contains(&"onnx/model.onnx"));
        // The hashes are those that came, and a damaged file is replaced.
        let requests = || kept.iter().map(|file| hub.seen(&format!("/main/{file}")).len()).sum::<usize>();
        let before = requests();
        fixture.context.obtain_named(REPO, Verify::Sha256).unwrap();
        assert_eq!(requests(), before);
        let content = fs::read(dir.join(kept[0])).unwrap();
        fs::write(dir.join(kept[0]), vec![b'x'; content.len()]).unwrap();
        fixture.context.obtain_named(REPO, Verify::Sha256).unwrap();
        assert_eq!((fs::read(dir.join(kept[0])).unwrap(), requests()), (content, before + kept.len()));
    }
}

#[test]
fn an_older_model_has_its_transformer_in_a_folder() {
    let mut files: BTreeMap<_, _> = files()
        .into_iter()
        .map(|(name, content)| {
            if name.contains('/') || name == "modules.json" {
                (name, content)
            } else {
                (format!("0_Transformer/{name}"), content)
            }
        })
        .collect();
    let modules = String::from_utf8(files["modules.json"].clone()).unwrap();
    files.insert("modules.json".to_owned(), modules.replace("\"path\":\"\"", "\"path\":\"0_Transformer\"").into());
    let hub = hub_of(files);
    let fixture = Fixture::new(&hub.url);
    let dir = fixture.context.obtain_named(REPO, Verify::Sizes).unwrap().path;
    assert_eq!(names_in(&dir.join("0_Transformer")), ["config.json", "model.safetensors", "tokenizer.json"]);
}

#[test]
fn what_a_repository_lacks_is_named() {
    type Files = BTreeMap<String, Vec<u8>>;
    let message = |change: &dyn Fn(&mut Files)| {
        let mut files = files();
        change(&mut files);
        let hub = hub_of(files);
        let fixture = Fixture::new(&hub.url);
        fixture.context.obtain_named(REPO, Verify::Sizes).unwrap_err().to_string()
    };
    let weights = message(&|files| drop(files.remove("model.safetensors")));
    assert!(weights.contains("has no weights that can be read: none of model.safetensors, "), "{weights}");
    let tokenizer = message(&|files| drop(files.remove("tokenizer.json")));
    assert!(tokenizer.contains("has neither tokenizer.json nor vocab.txt"), "{tokenizer}");
    let index = |shard: &str| serde_json::json!({ "weight_map": { "a": shard } }).to_string().into_bytes();
    let shard = |shard: &'static str| {
        message(&move |files| {
            files.remove("model.safetensors");
            files.insert("model.safetensors.index.json".to_owned(), index(shard));
        })
    };
    assert!(shard("model-1.safetensors").contains("has no model-1.safetensors"));
    assert!(shard("../model-1.safetensors").contains("outside the model"));
}

/// A program prints an error with its sources: none is there twice.
#[test]
fn a_cause_is_in_the_message_or_a_source_but_not_both() {
    let fixture = Fixture::new(&nowhere());
    let dir = fixture.cache.path().join("model");
    fs::create_dir(&dir).unwrap();
    fs::write(dir.join("config.json"), "{}").unwrap();
    let request = Request::Named(dir.to_str().unwrap().to_owned());
    let convert = fixture.context.resolve_packed(&request, minilm::Precision::Int8).unwrap_err();
    let io = Error::io(&dir)(std::io::Error::other("no disk"));
    for error in [convert, io] {
        let source = std::error::Error::source(&error).map(ToString::to_string);
        assert!(source.is_none_or(|source| !error.to_string().contains(&source)), "{error}");
    }
}
