//! Settings, the key, other origins, and where the model comes from.

use serde_json::json;
use ureq::http::Request;

use minilm_host::Access;

use super::serve;
use crate::running::{Reply, Running, options};
use crate::{bare, model};

fn with_header(running: &Running, method: &str, path: &str, header: (&str, &str)) -> Reply {
    let request = Request::builder().method(method).uri(path).header(header.0, header.1);
    running.send(request.body(Vec::new()).expect("a request"))
}

#[test]
#[ignore = "needs packed models: run `cargo xtask test`"]
fn a_key_is_asked_for() {
    let running = serve(&[("API_KEY", "secret")]);
    for key in ["Bearer wrong", "Bearer secret2", "Bearer ", "Basic secret", "secret"] {
        let refused = with_header(&running, "GET", "/info", ("authorization", key));
        assert_eq!((refused.status(), refused.header("www-authenticate")), (401, "Bearer"), "{key}");
    }
    assert_eq!(running.get("/v1/models").json()["error"]["code"], "invalid_api_key");
    assert_eq!(running.get("/health").status(), 200);
    assert_eq!(with_header(&running, "GET", "/info", ("authorization", "bearer secret")).status(), 200);
}

#[test]
#[ignore = "needs packed models: run `cargo xtask test`"]
fn other_origins_are_allowed_by_name() {
    let running = serve(&[("CORS_ALLOW_ORIGIN", "https://app.example")]);
    let preflight = with_header(&running, "OPTIONS", "/embed", ("origin", "https://app.example"));
    assert_eq!(preflight.status(), 204);
    assert_eq!(preflight.header("access-control-allow-origin"), "https://app.example");
    assert_eq!(preflight.header("access-control-allow-methods"), "OPTIONS, POST");
    assert_eq!(
        with_header(&running, "GET", "/health", ("origin", "https://b.example")).header("access-control-allow-origin"),
        ""
    );
}

#[test]
#[ignore = "needs packed models: run `cargo xtask test`"]
fn a_bad_setting_is_named_by_every_route() {
    let running = serve(&[("MAX_BATCH_TOKENS", "many")]);
    for reply in [running.get("/health"), running.post("/embed", "{\"inputs\": \"a\"}")] {
        let error = "MAX_BATCH_TOKENS is `many`: it must be a whole number, 1 or more";
        assert_eq!((reply.status(), reply.json()), (503, json!({ "error": error, "error_type": "Unhealthy" })));
    }
    let other = serve(&[("MODEL_NAME", "all-mpnet-base-v2")]);
    assert!(
        other.get("/health").text().contains("MODEL_NAME is `all-mpnet-base-v2`, but this component has the model")
    );
}

#[test]
#[ignore = "needs packed models: run `cargo xtask test`"]
fn the_model_can_be_a_mounted_file() {
    let bare = bare("http");
    let mut mounted = options(&[("MODEL_PATH", "/models/slice-L3-of-all-MiniLM-L6-v2-int8.minilm")]);
    let folder = model("").canonicalize().expect("the models are there");
    mounted.env.mount(folder, "/models", Access::Read);
    let text = ["What is a neuron?"];
    let from_file = Running::start(&bare, mounted).embed(&text);
    assert_eq!(from_file, serve(&[]).embed(&text));

    let without = Running::start(&bare, options(&[]));
    let health = without.get("/health");
    assert_eq!(health.status(), 503);
    assert!(health.text().contains("cannot read /model.minilm"), "{}", health.text());
}
