//! The npm package: its types, its size, and what it does in Node and in browsers.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result};
use minilm::{Embedder, EncodeOptions};

use super::counts::{self, Counts};
use super::run;
use crate::commands::bench::browsers;
use crate::commands::{slice, web};
use crate::{cargo, node, paths};

/// What makes Node 20 accept the faster build, which it then computes wrongly: the loader must not choose it. Newer versions
/// accept it by themselves, and may not know this.
const RELAXED_SIMD: &str = "--experimental-wasm-relaxed-simd";

/// Runs the suite in `wasm/web/tests`, `models` being the folder of the models under test.
pub fn test(models: &Path, counts: &mut Counts) -> Result<()> {
    let node = node::node()?;
    println!("building the npm package");
    let package = web::package()?;
    for (name, size, limit) in &package.sizes {
        let fits = size <= limit;
        println!("{name}: {size} bytes gzipped, at most {limit}{}", if fits { "" } else { ": TOO LARGE" });
        *counts += Counts { passed: fits.into(), failed: (!fits).into(), skipped: 0 };
    }
    for model in [slice::SOURCE, slice::NAME] {
        write_vectors(models, model)?;
    }
    lint(&node, &package.folder, counts)?;
    let mut files =
        fs::read_dir(paths::web().join("tests"))?.map(|entry| Ok(entry?.path())).collect::<Result<Vec<PathBuf>>>()?;
    files.retain(|file| file.to_string_lossy().ends_with(".test.js"));
    files.sort();
    let probe = Command::new(&node).args([RELAXED_SIMD, "--eval", ""]).output();
    let relaxed = probe.is_ok_and(|output| output.status.success()).then_some(RELAXED_SIMD);
    let chromium = browsers::find("chromium", &["chromium", "chromium-browser", "google-chrome"]);
    let firefox = browsers::find("firefox-esr", &["firefox", "firefox-esr"]);
    for flag in [None].into_iter().chain(relaxed.map(Some)) {
        let mut suite = Command::new(&node);
        suite.args(flag).args(["--test", "--test-reporter=tap"]).args(&files).current_dir(paths::root());
        suite.env("MINILM_PACKAGE", &package.folder).env("MINILM_TEST_MODELS", models);
        suite.envs(chromium.iter().map(|program| ("MINILM_CHROMIUM", program)));
        suite.envs(firefox.iter().map(|program| ("MINILM_FIREFOX", program)));
        run(&format!("npm package in Node {}", flag.unwrap_or_default()), &mut suite, counts::of_node, counts)?;
        // Flags are for Node: what is run in browsers need not be run twice.
        files.retain(|file| !file.ends_with("browser.test.js"));
    }
    Ok(())
}

/// Vectors of the golden texts by the native core, little-endian floats: what the package must give, to the bit.
fn write_vectors(models: &Path, model: &str) -> Result<()> {
    let file = fs::read(models.join(format!("{model}-int8.minilm")))?;
    let texts = fs::read(paths::root().join("tests/golden/texts.json"))?;
    let texts: Vec<String> = serde_json::from_slice(&texts)?;
    let embeddings = Embedder::from_bytes(&file)?.encode(&texts, &EncodeOptions::default())?;
    let values = embeddings.as_f32().context("floats are the default")?;
    let bytes: Vec<u8> = values.iter().flat_map(|value| value.to_le_bytes()).collect();
    Ok(fs::write(models.join(format!("{model}-int8.vectors")), bytes)?)
}

/// Checks the programs against their declarations, and whether bundlers and compilers find what the package has.
fn lint(node: &Path, package: &Path, counts: &mut Counts) -> Result<()> {
    let tests = paths::web().join("tests");
    let modules = node::packages(&tests, "web-tests")?;
    let tools = modules.join(".bin");
    let mut check = |title: &str, arguments: &[&OsStr]| -> Result<()> {
        println!("\n== npm package, {title}");
        let passed = Command::new(node).args(arguments).status()?.success();
        *counts += Counts { passed: passed.into(), failed: (!passed).into(), skipped: 0 };
        Ok(())
    };

    let (tsc, project, types) = (tools.join("tsc"), tests.join("types"), modules.join("@types"));
    check("types", &[tsc.as_ref(), "--project".as_ref(), project.as_ref(), "--typeRoots".as_ref(), types.as_ref()])?;

    let publint = tools.join("publint");
    check("publint", &[publint.as_ref(), "--strict".as_ref(), package.as_ref()])?;

    let mut pack = node::npm();
    pack.args(["pack", "--silent", "--pack-destination"]).arg(paths::output()).arg(package);
    cargo::run(pack.stdout(Stdio::null()))?;
    let tarball = paths::output().join(format!("minilm-wasm-{}.tgz", env!("CARGO_PKG_VERSION")));
    let attw = tools.join("attw");
    check("attw", &[attw.as_ref(), "--profile".as_ref(), "esm-only".as_ref(), tarball.as_ref()])
}
