//! Settings, the key, other origins.

use minilm_http::EmbeddingApp;
use serde_json::json;

use super::client;

#[test]
fn a_key_is_asked_for() {
    let client = client(&[("API_KEY", "secret")]);
    let info = |key: &str| client.request("GET", "/info").header("authorization", key).send("");
    for key in ["Bearer wrong", "Bearer secret2", "Bearer ", "Basic secret", "secret", ""] {
        let refused = info(key);
        assert_eq!((refused.status, refused.header("www-authenticate")), (401, "Bearer"), "{key}");
    }
    let missing = client.get("/v1/models").json();
    assert_eq!(
        (&missing["error"]["code"], &missing["error"]["type"]),
        (&json!("invalid_api_key"), &json!("authentication_error"))
    );
    // Before the method and the media type are looked at.
    assert_eq!([client.get("/embed").status, client.request("POST", "/embed").send("x").status], [401, 401]);
    for public in ["/health", "/ping", "/openapi.json"] {
        assert_eq!(client.get(public).status, 200, "{public}");
    }
    assert_eq!(info("bearer secret").status, 200);
}

#[test]
fn other_origins_are_allowed_by_name() {
    let client = client(&[("CORS_ALLOW_ORIGIN", "https://app.example")]);
    let ask = |method: &str, path: &str, origin: &str| client.request(method, path).header("origin", origin).send("");
    // What the client of OpenAI for JavaScript sends of itself.
    let asked = "authorization,content-type,x-stainless-os,x-stainless-retry-count";
    let preflight = client.request("OPTIONS", "/embed").header("origin", "https://app.example");
    let preflight = preflight.header("access-control-request-headers", asked).send("");
    assert_eq!((preflight.status, preflight.header("allow")), (204, "OPTIONS, POST"));
    assert_eq!(preflight.header("access-control-allow-origin"), "https://app.example");
    assert_eq!(preflight.header("access-control-allow-methods"), "OPTIONS, POST");
    assert_eq!(preflight.header("access-control-allow-headers"), asked);
    assert_eq!(preflight.header("content-length"), "");
    let allowed = ask("GET", "/health", "https://app.example");
    assert_eq!(allowed.header("access-control-allow-origin"), "https://app.example");
    assert_eq!((allowed.header("access-control-expose-headers"), allowed.header("vary")), ("*", "origin"));
    assert_eq!(ask("GET", "/health", "https://b.example").header("access-control-allow-origin"), "");
    // Errors are read by pages too.
    assert_eq!(
        ask("GET", "/embed", "https://app.example").header("access-control-allow-origin"),
        "https://app.example"
    );
}

#[test]
fn a_preflight_needs_no_key_and_no_setting() {
    let reply = client(&[("API_KEY", "secret")]).request("OPTIONS", "/embed").send("");
    assert_eq!((reply.status, reply.header("allow")), (204, "OPTIONS, POST"));
    assert_eq!(reply.header("access-control-allow-methods"), "");
}

#[test]
fn a_bad_setting_is_named_by_every_route() {
    let bad = client(&[("MAX_BATCH_TOKENS", "many")]);
    for reply in [bad.get("/health"), bad.get("/info"), bad.post("/embed", "{\"inputs\": \"a\"}")] {
        let error = "MAX_BATCH_TOKENS is `many`: it must be a whole number, 1 or more";
        assert_eq!((reply.status, reply.json()), (503, json!({ "error": error, "error_type": "Unhealthy" })));
    }
    assert_eq!(bad.post("/v1/embeddings", "{\"input\": \"a\"}").json()["error"]["type"], "server_error");
    // A preflight and an unknown path need no instance.
    assert_eq!((bad.request("OPTIONS", "/embed").send("").status, bad.get("/nowhere").status), (204, 404));
    let other = client(&[("MODEL_NAME", "all-mpnet-base-v2")]);
    let error = "MODEL_NAME is `all-mpnet-base-v2`, but this component has the model `tiny`";
    assert_eq!(other.get("/health").json()["error"], error);
    assert_eq!(client(&[("MODEL_NAME", "sentence-transformers/tiny")]).get("/health").status, 200);
}

#[test]
fn a_model_can_have_another_name() {
    let client = client(&[("SERVED_MODEL_NAME", "mine")]);
    assert_eq!(client.get("/v1/models").json()["data"][0]["id"], "mine");
    let embed = |model: &str| client.post("/v1/embeddings", json!({ "input": "a", "model": model }).to_string()).status;
    assert_eq!(["mine", "tiny", "other"].map(embed), [200, 200, 404]);
}

/// Where the model is no part of the component.
#[test]
#[cfg(feature = "model-path")]
fn the_model_is_read_from_a_file() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("tiny.minilm");
    let load = || EmbeddingApp::load(|name| (name == "MODEL_PATH").then(|| path.display().to_string()));
    let missing = load().expect_err("there is no file");
    assert!(missing.starts_with(&format!("cannot read {}: ", path.display())), "{missing}");
    std::fs::write(&path, minilm_test_support::packed()).expect("a file");
    assert_eq!(load().expect("a model").state.model_name(), "tiny");
    std::fs::write(&path, &minilm_test_support::packed()[..1000]).expect("a file");
    assert!(load().expect_err("half a model").starts_with(&path.display().to_string()));
}
