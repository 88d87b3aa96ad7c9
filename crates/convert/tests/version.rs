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
            4,
            [
                "33fe306206a1e9efacfab02c2d1b5fc39b15fb538385eb292296c878ddbfb7d4",
                "62c39503424cd0850de25fc4f859258a6714c34b7862004b4a96ebd81998d8ed",
                "6132337443fd79b540f696cf1175b8d73c178758f769f1e22588ab0332e106cc",
            ]
            .map(str::to_owned)
        ),
        "the conversion writes another file: raise CONVERTER_VERSION, and put the new values here"
    );
}
