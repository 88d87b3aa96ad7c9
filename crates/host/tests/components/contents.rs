//! What is in components beside code: no path of the machine that built them, and no crate that the notices do not name.

use std::collections::BTreeSet;
use std::env::home_dir;
use std::path::{Path, PathBuf};

use memchr::memmem;

use super::{bytes, folder};

/// Every component, with its name.
fn components() -> Vec<(String, Vec<u8>)> {
    let entries = folder("MINILM_TEST_COMPONENTS").read_dir().expect("a folder");
    let paths = entries.map(|entry| entry.expect("an entry").path());
    let components = paths.filter(|path| path.extension().is_some_and(|end| end == "wasm"));
    components.map(|path| (path.display().to_string(), bytes(&path))).collect()
}

/// The crates that the places of panics name, as `serde_json-1.0.150`: `cargo xtask` has the compiler write `/crates` for a registry.
fn crates(component: &[u8]) -> BTreeSet<String> {
    let begin = b"/crates/";
    let name = |at: usize| {
        let rest = &component[at + begin.len()..];
        let end = rest.iter().take(100).position(|&byte| byte == b'/')?;
        Some(std::str::from_utf8(&rest[..end]).ok()?.to_owned())
    };
    memmem::find_iter(component, begin).filter_map(name).collect()
}

#[test]
#[ignore = "needs components"]
fn no_path_of_this_machine_is_in_a_component() {
    let home = home_dir().expect("a home folder");
    let cargo = std::env::var_os("CARGO_HOME").map_or_else(|| home.join(".cargo"), PathBuf::from);
    let project = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().expect("a folder");
    for (name, component) in components() {
        for folder in [&home, &cargo, &project] {
            let path = format!("{}/", folder.display());
            let found = memmem::find(&component, path.as_bytes());
            let text = found.map(|at| String::from_utf8_lossy(&component[at..][..component.len().min(at + 120) - at]));
            assert_eq!(text, None, "{name}");
        }
    }
}

#[test]
#[ignore = "needs components"]
fn every_crate_in_a_component_is_in_the_notices() {
    let notices = bytes(&folder("MINILM_TEST_COMPONENTS").join("THIRD-PARTY-NOTICES.txt"));
    let notices = String::from_utf8(notices).expect("text");
    let mut found = BTreeSet::new();
    for (name, component) in components() {
        for linked in crates(&component) {
            // Names may have a dash before a number too, as `md-5`.
            let is_version =
                |version: &str| version.split('.').next().is_some_and(|major| major.parse::<u32>().is_ok());
            let mut parts = linked.match_indices('-').map(|(at, _)| (&linked[..at], &linked[at + 1..]));
            let part = parts.find(|(_, version)| is_version(version));
            let (package, version) = part.unwrap_or_else(|| panic!("{name}: {linked}"));
            let line = format!("\n  {package} {version} (");
            assert!(notices.contains(&line), "{name}: {linked}");
            found.insert(package.to_owned());
        }
    }
    assert!(found.contains("serde_json") && found.len() > 10, "{found:?}");
}
