//! `embed` and `run`: the component with the model baked in, under wasmtime.

use std::process::ExitCode;

use anyhow::Result;
use minilm::Precision;

use crate::cargo::{Backend, build_cli};
use crate::host;
use crate::model::packed;
use crate::model::{self, Request};

/// `cargo xtask embed ARGS`.
pub fn embed(request: Request, mut args: Vec<String>) -> Result<ExitCode> {
    args.insert(0, "embed".to_owned());
    run(request, args)
}

/// `cargo xtask run ARGS`.
pub fn run(request: Request, args: Vec<String>) -> Result<ExitCode> {
    let (named, args) = take_model(args);
    let model = model::resolve(&named.map_or(request, Request::Named))?;
    let component = build_cli(Backend::RelaxedSimd, Some(&packed(&model, Precision::Int8)?))?;
    host::run_with_current_dir(&component, &args)
}

/// Takes `--model NAME` out of the component's arguments: behind the first text it is ours too.
fn take_model(args: Vec<String>) -> (Option<String>, Vec<String>) {
    let mut model = None;
    let mut rest = Vec::new();
    let mut args = args.into_iter();
    while let Some(arg) = args.next() {
        match arg.strip_prefix("--model") {
            Some("") => model = args.next(),
            Some(name) if name.starts_with('=') => model = Some(name[1..].to_owned()),
            _ if arg == "--" => {
                rest.push(arg);
                rest.extend(args.by_ref());
            }
            _ => rest.push(arg),
        }
    }
    (model, rest)
}

#[cfg(test)]
mod tests {
    use super::take_model;

    #[test]
    fn the_model_is_found_anywhere_but_behind_a_double_dash() {
        let take = |args: &[&str]| take_model(args.iter().map(|&arg| arg.to_owned()).collect());
        let words = |args: &[&str]| args.iter().map(|&arg| arg.to_owned()).collect::<Vec<_>>();
        assert_eq!(take(&["a", "--model", "m", "--json"]), (Some("m".to_owned()), words(&["a", "--json"])));
        assert_eq!(take(&["--model=m", "a"]), (Some("m".to_owned()), words(&["a"])));
        assert_eq!(take(&["--", "--model", "m"]), (None, words(&["--", "--model", "m"])));
    }
}
