//! What each build asks of a host, and nothing else.

use super::{component, slice};
use crate::cargo::Store;
use crate::host::serve::tests::imports::{IMPORTS, check};

#[test]
#[ignore = "needs packed models: run `cargo xtask test`"]
fn spin_is_asked_for_its_databases() {
    let mut expected = IMPORTS.to_vec();
    expected.splice(1..1, ["spin:postgres/postgres@4.2.0", "spin:sqlite/sqlite@3.1.0"]);
    check(&component(Store::Spin, &slice()), &expected);
}
