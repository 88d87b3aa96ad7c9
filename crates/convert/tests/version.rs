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
        (FORMAT_VERSION, CONVERTER_VERSION, &*sha256(Precision::F32), &*sha256(Precision::Int8)),
        (
            1,
            1,
            "55265d8f7805120803c57d54f36e6d46b47c5dcfa7b74eee401255cffddbdd70",
            "6159d8c34b07a64869c038cf5dc4e337e9b13b5493f109def5ba5fad999dcefe"
        ),
        "the conversion writes another file: raise CONVERTER_VERSION, and put the new values here"
    );
}
