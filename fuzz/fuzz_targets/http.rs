//! Any request to any route of the embedder, through its handler: an answer within the limits, never a panic or an error of ours.
//!
//! The input is a request as `requests` reads it.
#![no_main]

mod requests;

use libfuzzer_sys::fuzz_target;
use minilm_http::EmbeddingApp;
use minilm_serving::{ServerState, Settings};
use minilm_test_support::embedder;

thread_local! {
    static APP: EmbeddingApp = {
        let settings = Settings::read(|name| (name == "LOG").then(|| "off".to_owned())).expect("settings");
        EmbeddingApp { state: ServerState::new(settings, embedder()).expect("they fit the model") }
    };
}

fuzz_target!(|data: &[u8]| {
    let Some(request) = requests::parse(data) else { return };
    APP.with(|app| requests::respond(app, request));
});
