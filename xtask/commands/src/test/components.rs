//! The core and the components in wasmtime.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Result;

use super::counts::Counts;
use super::{TestEnv, run_cargo, run_cargo_as_it_is};
use crate::cargo::{self, Backend, Store};
use crate::slice;
use crate::{baked, paths, program};

/// Runs the tests.
pub fn test(env: &TestEnv, counts: &mut Counts) -> Result<()> {
    println!("building the components");
    let components = build(&env.models)?;
    let mut command = program::cargo("test");
    command.args(["--no-fail-fast", "--package", "minilm-bake", "--test", "components"]);
    command.env("MINILM_TEST_COMPONENTS", components);
    run_cargo("components", &mut command, true, env, counts)?;
    let host = program::host()?;
    Backend::ALL.into_iter().try_for_each(|backend| core(backend, &host, env, counts))
}

/// The core's own tests; the golden vectors too where the backend is fast enough for them.
fn core(backend: Backend, host: &Path, env: &TestEnv, counts: &mut Counts) -> Result<()> {
    let mut command = cargo::wasm("test", backend)?;
    command.args(["--no-fail-fast", "--package", "minilm", "--lib"]);
    if backend != Backend::Scalar {
        command.args(["--test", "golden", "--test", "batch_invariance"]);
    }
    // Cargo runs tests in the root of their package, and that folder is all that the component sees.
    let visible = env.models.strip_prefix(paths::root())?;
    command.env("CARGO_TARGET_WASM32_WASIP2_RUNNER", format!("{} run", host.display()));
    command.env("MINILM_TEST_MODELS", visible);
    run_cargo_as_it_is(&format!("core, {}", backend.name()), &mut command, true, env, counts)
}

/// Builds every component that the tests name, as `<component>.wasm` and with a model in it as `<component>+<model>.wasm`.
fn build(models: &Path) -> Result<PathBuf> {
    let folder = paths::output().join("test-components");
    fs::create_dir_all(&folder)?;
    let keep = |name: &str, model: Option<&str>, build: &dyn Fn(Option<&Path>) -> Result<PathBuf>| -> Result<()> {
        let file = model.map(|model| models.join(format!("{model}.minilm")));
        let model = model.map_or_else(String::new, |model| format!("+{model}"));
        fs::copy(build(file.as_deref())?, folder.join(format!("{name}{model}.wasm")))?;
        Ok(())
    };
    let (slice, source) = (format!("{}-int8", slice::NAME), format!("{}-int8", slice::SOURCE));
    let fastest = Backend::RelaxedSimd;
    for backend in Backend::ALL {
        keep(&format!("cli-{}", backend.name()), Some(&slice), &|model| baked::cli(backend, model))?;
    }
    for backend in [Backend::Simd128, Backend::RelaxedSimd] {
        keep(&format!("kernels-{}", backend.name()), None, &|_| cargo::build_kernels(backend))?;
    }
    for model in [None, Some(&*slice)] {
        keep("http", model, &|model| baked::http(fastest, model))?;
        keep("component", model, &|model| baked::component(fastest, model))?;
    }
    keep("component-to-bake", None, &|_| cargo::component_to_bake(fastest))?;
    for (name, store) in [("kb-spin", Store::Spin), ("kb-index", Store::Index)] {
        for model in [&slice, &source] {
            keep(name, Some(model), &|model| baked::kb(fastest, store, model))?;
        }
    }
    keep("www", None, &|_| cargo::build_www())?;
    let mut composition = cargo::bare_component(fastest, "minilm-composition")?;
    cargo::run(&mut composition)?;
    keep("composition", None, &|_| Ok(cargo::bare_output(fastest, "minilm_composition.wasm")))?;
    Ok(folder)
}
