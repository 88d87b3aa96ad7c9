//! The build for Spin: keys are Spin's variables.

use minilm_host::databases::Databases;
use minilm_host::serve::Options;
use ureq::http::Request;

use super::imports::{IMPORTS, check};
use crate::running::{Running, options};
use crate::{L3, component};

const TEXT: &str = "{\"inputs\": \"a text\"}";

#[test]
#[ignore = "needs packed models: run `cargo xtask test`"]
fn spin_is_asked_for_variables_and_nothing_else() {
    let mut expected = IMPORTS.to_vec();
    expected.insert(1, "spin:variables/variables@3.0.0");
    check(&component("http-spin", L3), &expected);
}

#[test]
#[ignore = "needs packed models: run `cargo xtask test`"]
fn keys_are_variables() {
    let serve = |env: &[(&str, &str)], variables: &[(&str, &str)]| {
        let variables = variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let databases = Some(Databases { variables, ..Databases::default() });
        Running::start(&component("http-spin", L3), Options { databases, ..options(env) })
    };
    let status = |running: &Running, key: &str| {
        let request = Request::post("/embed").header("content-type", "application/json");
        let request = request.header("authorization", format!("Bearer {key}")).body(TEXT.into());
        running.send(request.expect("a valid request")).status()
    };
    let running = serve(&[], &[("api_key", "secret"), ("read_api_key", "")]);
    assert_eq!([status(&running, "secret"), status(&running, "other")], [200, 401]);
    // The environment counts where it has one, and an empty variable is none.
    let running = serve(&[("API_KEY", "own")], &[("api_key", "secret")]);
    assert_eq!([status(&running, "own"), status(&running, "secret")], [200, 401]);
    assert_eq!(serve(&[], &[("api_key", "")]).post("/embed", TEXT).status(), 200);
}
