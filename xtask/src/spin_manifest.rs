//! `spin.toml`, and the manifest that `docs/deploy.md` shows, against the form of Spin's manifest, version 2.
//!
//! Spin publishes the schema of its manifest with its releases and on no package registry, so the types below are ours, after Spin's
//! manifest reference. They are narrower: only fields that these manifests have a use for are known, all others are refused.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use serde::{Deserialize, Serialize};
use toml::{Table, Value};

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Manifest {
    spin_manifest_version: u32,
    application: Application,
    trigger: Triggers,
    component: BTreeMap<String, Component>,
}

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Application {
    name: String,
    version: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<String>,
}

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Triggers {
    http: Vec<HttpTrigger>,
}

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct HttpTrigger {
    route: String,
    component: String,
}

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Component {
    source: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<String>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    environment: BTreeMap<String, String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    files: Vec<Mount>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    sqlite_databases: Vec<String>,
    allowed_outbound_hosts: Vec<String>,
    build: Build,
}

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Mount {
    source: String,
    destination: String,
}

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Build {
    command: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    watch: Vec<String>,
}

/// Reads a manifest, and checks what types do not say.
fn read(text: &Table) -> Result<Manifest, String> {
    let manifest: Manifest = text.clone().try_into().map_err(|error| error.to_string())?;
    let check = |holds, fault: &str| if holds { Ok(()) } else { Err(fault.to_owned()) };
    check(manifest.spin_manifest_version == 2, "the version is 2")?;
    for trigger in &manifest.trigger.http {
        check(trigger.route.starts_with('/'), "a route begins with /")?;
        check(manifest.component.contains_key(&trigger.component), "a trigger names a component")?;
    }
    for (name, component) in &manifest.component {
        check(name.split('-').all(is_word), "names of components are words of letters and digits with - between")?;
        check(component.source.ends_with(".wasm"), "the source is a component")?;
        check(component.files.iter().all(|mount| mount.destination.starts_with('/')), "mounts are absolute")?;
    }
    Ok(manifest)
}

fn is_word(word: &str) -> bool {
    word.starts_with(|c: char| c.is_ascii_lowercase())
        && word.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit())
}

fn project(path: &str) -> String {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    fs::read_to_string(root.join(path)).expect("the file is part of the project")
}

fn spin_toml() -> Table {
    project("spin.toml").parse().expect("spin.toml is TOML")
}

/// The TOML blocks of `docs/deploy.md` that are whole manifests.
fn documented() -> Vec<Table> {
    let page = project("docs/deploy.md");
    let blocks = page.split("```toml\n").skip(1).filter_map(|rest| rest.split("```").next());
    let manifests = blocks.filter(|block| block.contains("spin_manifest_version"));
    manifests.map(|block| block.parse().expect("a block is TOML")).collect()
}

#[test]
fn manifests_are_read_whole() {
    let manifests = [vec![spin_toml()], documented()].concat();
    assert_eq!(manifests.len(), 2, "docs/deploy.md shows the component that reads its model from a file");
    for manifest in manifests {
        let read = read(&manifest).expect("it is a manifest");
        assert_eq!(Table::try_from(&read).expect("it can be written"), manifest);
    }
}

#[test]
fn editors_find_the_schema() {
    let schema = "#:schema https://schemas.spinframework.dev/spin/manifest-v2/latest.json\n";
    assert!(project("spin.toml").starts_with(schema));
}

#[test]
fn components_reach_nothing_but_one_database() {
    let manifest = read(&spin_toml()).expect("it is a manifest");
    for (name, databases) in [("minilm", &[][..]), ("kb", &["default".to_owned()])] {
        let component = &manifest.component[name];
        assert!(component.allowed_outbound_hosts.is_empty());
        assert!(component.files.is_empty(), "the model is in the component");
        assert_eq!(component.sqlite_databases, databases);
    }
}

/// The page takes one folder of paths, the knowledge base its routes, and the embedder keeps all others.
#[test]
fn page_and_knowledge_base_are_beside_the_embedder() {
    let manifest = read(&spin_toml()).expect("it is a manifest");
    let routes: Vec<(&str, &str)> =
        manifest.trigger.http.iter().map(|trigger| (trigger.route.as_str(), trigger.component.as_str())).collect();
    let of_kb =
        ["/health", "/query", "/query/...", "/search", "/documents", "/documents/..."].map(|route| (route, "kb"));
    assert_eq!(routes, [&[("/...", "minilm"), ("/www/...", "page")], &of_kb[..]].concat());
    let page = &manifest.component["page"];
    assert!(page.allowed_outbound_hosts.is_empty());
    assert_eq!(page.environment["BASE_PATH"], "/www", "the component is told the route, as it sees whole paths");
    let mounts: Vec<(&str, &str)> =
        page.files.iter().map(|mount| (mount.source.as_str(), mount.destination.as_str())).collect();
    assert_eq!(mounts, [("target/minilm/www", "/")]);
}

/// `spin up --env` can set what the manifest does not list, but nobody would know of it.
#[test]
fn every_documented_setting_is_listed() {
    let manifest = read(&spin_toml()).expect("it is a manifest");
    let listed =
        |name: &str| -> BTreeSet<&str> { manifest.component[name].environment.keys().map(String::as_str).collect() };
    let page = project("docs/deploy.md");
    let documented = |section: &str| -> BTreeSet<&str> {
        let rest = page.split(&format!("\n## {section}\n")).nth(1).expect("there is such a section");
        let table = rest.split("\n## ").next().unwrap_or_default().lines();
        table.filter_map(|line| line.strip_prefix("| `")?.split('`').next()).collect()
    };
    let shared = documented("Settings");
    assert_eq!(listed("minilm"), shared);
    // What the knowledge base has no use for here: no request may forbid truncation, and the file is of the other build.
    let own = documented("Knowledge base");
    let of_kb: BTreeSet<&str> =
        shared.union(&own).copied().filter(|name| !["AUTO_TRUNCATE", "INDEX_FILE"].contains(name)).collect();
    assert_eq!(listed("kb"), of_kb);
}

#[test]
fn what_spin_refuses_is_refused() {
    for (path, line) in [
        ("", "spin_manifest_version = 1"),
        ("", "spin_version = '1'"),
        ("", "[application]\nname = 'minilm'\nversion = '1.0.0'\ntrigger = { type = 'http' }"),
        ("", "trigger = { http = [{ route = 'embed', component = 'minilm' }] }"),
        ("", "trigger = { http = [{ route = '/...', component = 'other' }] }"),
        ("component", "mini_lm = { source = 'a.wasm', allowed_outbound_hosts = [], build = { command = 'make' } }"),
        ("component.minilm", "sources = 'a.wasm'"),
        ("component.minilm", "environment = { MAX_BATCH_TOKENS = 65536 }"),
        ("component.minilm", "allowed_outbound_hosts = '*'"),
        ("component.minilm", "files = [{ source = 'models' }]"),
        ("component.kb", "sqlite_databases = 'default'"),
        ("component.minilm", "build = { workdir = 'wasm' }"),
    ] {
        let mut manifest = spin_toml();
        let mut place = &mut manifest;
        for key in path.split('.').filter(|key| !key.is_empty()) {
            place = place.get_mut(key).and_then(Value::as_table_mut).expect("spin.toml has the table");
        }
        place.extend(line.parse::<Table>().expect("it is TOML"));
        assert!(read(&manifest).is_err(), "{path}: {line}");
    }
}
