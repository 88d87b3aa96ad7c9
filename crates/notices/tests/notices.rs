//! The notices of the core.

use std::path::Path;

use minilm_notices::notices;

/// What the core links, by hand.
#[test]
fn crates_that_are_linked_are_in_the_notices() {
    let project = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let notices = notices(&project, "the core", &[&["--package", "minilm"]]).expect("there are texts");
    for linked in ["bytemuck ", "libm ", "safetensors ", "serde_json ", "thiserror ", "xxhash-rust "] {
        assert!(notices.contains(&format!("\n  {linked}")), "{linked}\n{notices}");
    }
    // A macro, a crate for tests, and a crate of the project.
    for not_linked in ["serde_derive ", "divan ", "minilm "] {
        assert!(!notices.contains(&format!("\n  {not_linked}")), "{not_linked}");
    }
    for text in ["Apache License", "Boost Software License", "Rust standard library"] {
        assert!(notices.contains(text), "{text}");
    }
    let path = project.canonicalize().expect("a folder");
    assert!(!notices.contains(&*path.to_string_lossy()), "a path of this machine");
}
