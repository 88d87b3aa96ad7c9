//! The version of the conversion goes into the names of cached files, so it has to change when a file does.

#[path = "../../../tests/common/mod.rs"]
mod common;

use common::tiny::Tiny;
use minilm::{FORMAT_VERSION, Precision};
use minilm_convert::CONVERTER_VERSION;
use sha2::{Digest, Sha256};

#[test]
fn files_change_only_with_the_version() {
    let sha256 = |precision| format!("{:x}", Sha256::digest(Tiny::default().pack(precision)));
    assert_eq!(
        (FORMAT_VERSION, CONVERTER_VERSION, Precision::ALL.map(sha256)),
        (
            1,
            3,
            [
                "6579b3d01c10238648075044888a035aa8a58188f83ce6fcfca63eac5c51621a",
                "0ef816dca6a8f4c476d9eea1d221210b85ba5694080d7a516f1ba14ae06c47bf",
                "89c77a7a138980356b5d21430c2a34031c65371305007ae27d655d09ddeeac3c",
            ]
            .map(str::to_owned)
        ),
        "the conversion writes another file: raise CONVERTER_VERSION, and put the new values here"
    );
}
