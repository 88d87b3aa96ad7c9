//! What the component asks of a host: what Spin and `wasmtime serve` give, and nothing else.

use std::path::Path;

use wasmtime::component::Component;
use wasmtime::component::types::ComponentItem;

use minilm_host::engine;

use super::http;

#[test]
#[ignore = "needs packed models: run `cargo xtask test`"]
fn nothing_but_wasi_is_imported() {
    check(&http(), IMPORTS);
}

/// What the component in `file` imports.
pub fn imports(file: &Path) -> Vec<String> {
    let engine = engine().expect("wasmtime starts");
    let component = Component::from_file(&engine, file).expect("the component is valid");
    component.component_type().imports(&engine).map(|(name, _)| name.to_owned()).collect()
}

/// Compares what the component in `file` imports and exports.
pub fn check(file: &Path, expected: &[&str]) {
    let engine = engine().expect("wasmtime starts");
    let component = Component::from_file(&engine, file).expect("the component is valid");
    let ty = component.component_type();
    let imports: Vec<String> = ty.imports(&engine).map(|(name, _)| name.to_owned()).collect();
    assert_eq!(imports, expected);
    let exports: Vec<(String, bool)> = ty
        .exports(&engine)
        .map(|(name, item)| (name.to_owned(), matches!(item.ty, ComponentItem::ComponentInstance(_))))
        .collect();
    assert_eq!(exports, [("wasi:http/handler@0.3.0".to_owned(), true)]);
}

/// `wasi:http` for the requests, the rest for Rust's standard library: clocks, environment, standard streams, random numbers.
/// No files, no sockets.
pub const IMPORTS: &[&str] = &[
    "wasi:http/types@0.3.0",
    "wasi:io/poll@0.2.6",
    "wasi:clocks/monotonic-clock@0.2.6",
    "wasi:io/error@0.2.6",
    "wasi:io/streams@0.2.6",
    "wasi:cli/environment@0.2.6",
    "wasi:cli/exit@0.2.6",
    "wasi:cli/stdin@0.2.6",
    "wasi:cli/stdout@0.2.6",
    "wasi:cli/stderr@0.2.6",
    "wasi:cli/terminal-input@0.2.6",
    "wasi:cli/terminal-output@0.2.6",
    "wasi:cli/terminal-stdin@0.2.6",
    "wasi:cli/terminal-stdout@0.2.6",
    "wasi:cli/terminal-stderr@0.2.6",
    "wasi:clocks/wall-clock@0.2.6",
    "wasi:random/random@0.2.6",
    "wasi:random/insecure-seed@0.2.6",
];
