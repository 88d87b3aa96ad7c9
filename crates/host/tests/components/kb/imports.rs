//! What each build asks of a host, and nothing else.

use super::{INDEX, L3, SPIN, component};
use crate::http::imports::{IMPORTS, check, imports};

#[test]
#[ignore = "needs packed models: run `cargo xtask test`"]
fn spin_is_asked_for_its_databases_and_variables() {
    let mut expected = IMPORTS.to_vec();
    expected
        .splice(1..1, ["spin:postgres/postgres@4.2.0", "spin:sqlite/sqlite@3.1.0", "spin:variables/variables@3.0.0"]);
    check(&component(SPIN, L3), &expected);
}

#[test]
#[ignore = "needs packed models: run `cargo xtask test`"]
fn an_index_file_is_asked_for_as_a_file() {
    let mut expected = IMPORTS.to_vec();
    expected.extend(["wasi:filesystem/types@0.2.6", "wasi:filesystem/preopens@0.2.6"]);
    let mut found = imports(&component(INDEX, L3));
    found.sort();
    expected.sort();
    assert_eq!(found, expected);
}
