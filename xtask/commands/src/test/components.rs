//! The core and the components in wasmtime.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use super::counts::{self, Counts};
use super::{TestEnv, harness, run_cargo, run_prefixed};
use crate::cargo::{self, Backend, Store};
use crate::{baked, model, notices, paths, program};

/// Runs the tests.
pub fn test(env: &TestEnv, counts: &mut Counts) -> Result<()> {
    println!("building the components");
    let components = build(&env.models)?;
    let mut command = program::native("test");
    command.args(["--no-fail-fast", "--test", "components"]);
    command.env("MINILM_TEST_COMPONENTS", components);
    run_cargo("components", &mut command, true, env, counts)?;
    let host = program::host()?;
    println!("\n== core");
    // A WebAssembly program has one thread, so two of them run side by side.
    let core = |backends: &[Backend]| -> Result<Counts> {
        let mut counts = Counts::default();
        backends.iter().try_for_each(|&backend| core(backend, &host, env, &mut counts))?;
        Ok(counts)
    };
    let (some, others) = ([Backend::Scalar, Backend::Simd128], [Backend::RelaxedSimd]);
    let (some, others) = rayon::join(|| core(&some), || core(&others));
    *counts += some?;
    *counts += others?;
    Ok(())
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
    let prefix = format!("{}: ", backend.name());
    run_prefixed(&prefix, harness(&mut command, true, env), counts::of_cargo, counts)
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
    let (l3, l6) = (format!("{}-int8", model::L3), format!("{}-int8", model::L6));
    let fastest = Backend::RelaxedSimd;
    let cli = |backend: Backend| -> Result<()> {
        let name = format!("cli-{}", backend.name());
        keep(&name, Some(&l3), &|model| baked::cli(backend, model))?;
        keep(&name, Some(&format!("{}-int6-e4", model::L3)), &|model| baked::cli(backend, model))
    };
    // Each component is linked by one thread, and cargo builds one at a time in a folder: what has other folders is built beside.
    let in_other_folders = || -> Result<()> {
        cli(Backend::Scalar)?;
        cli(Backend::Simd128)?;
        for backend in [Backend::Simd128, fastest] {
            keep(&format!("kernels-{}", backend.name()), None, &|_| cargo::build_kernels(backend))?;
        }
        keep("component", Some(&l3), &|model| baked::component(fastest, model))?;
        keep("component-to-bake", None, &|_| cargo::component_to_bake(fastest))?;
        let mut composition = cargo::bare_component(fastest, "minilm-composition")?;
        let composition = cargo::build_bare(&mut composition, fastest, "minilm_composition.wasm")?;
        keep("composition", None, &|_| Ok(composition.clone()))
    };
    let with_wasi = || -> Result<()> {
        cli(fastest)?;
        keep("cli", None, &|model| baked::cli(fastest, model))?;
        keep("component", None, &|model| baked::component(fastest, model))?;
        for model in [None, Some(&*l3)] {
            keep("http", model, &|model| baked::http(fastest, model))?;
        }
        keep("http-spin", Some(&l3), &|model| baked::http_for_spin(fastest, model.context("it has a model")?))?;
        for (name, store) in [("kb-spin", Store::Spin), ("kb-index", Store::Index)] {
            for model in [&l3, &l6] {
                keep(name, Some(model), &|model| baked::kb(fastest, store, model))?;
            }
        }
        keep("www", None, &|_| cargo::build_www())
    };
    let (one, other) = rayon::join(in_other_folders, with_wasi);
    one.and(other)?;
    notices::write(&notices::COMPONENTS, &folder.join(notices::FILE))?;
    Ok(folder)
}
