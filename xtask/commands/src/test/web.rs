//! The npm package: its types, its size, and what it does in Node and in browsers.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::Result;
use minilm::{Embedder, EncodeOptions};

use super::counts::{self, Counts};
use super::node_suites::NodeSuites;
use super::{TestEnv, run};
use crate::{cargo, model, node, paths, web};

/// What makes Node 20 accept the faster build, which it then computes wrongly: the loader must not choose it. Newer versions
/// accept it by themselves, and may not know this.
const RELAXED_SIMD: &str = "--experimental-wasm-relaxed-simd";

/// Installs the browsers, and the packages of the suites.
pub fn prepare() -> Result<NodeSuites> {
    NodeSuites::prepare(&paths::web().join("tests"), "web-tests")
}

/// Runs the suites in `wasm/web/tests`.
pub fn test(env: &TestEnv, counts: &mut Counts) -> Result<()> {
    let models = &env.models;
    let suites = prepare()?;
    let tests = paths::web().join("tests");
    println!("building the npm package");
    let package = web::package()?;
    for (name, size, limit) in &package.sizes {
        let fits = size <= limit;
        println!("{name}: {size} bytes gzipped, at most {limit}{}", if fits { "" } else { ": TOO LARGE" });
        *counts += Counts { passed: fits.into(), failed: (!fits).into(), skipped: 0 };
    }
    for model in [model::L6, model::L3] {
        write_vectors(models, model)?;
    }
    let tarball = packed(&package.folder)?;
    lint(&suites, &package.folder, &tarball, counts)?;

    let mut suite = |title: &str, flag: Option<&str>, folders: &[&str]| -> Result<()> {
        let folders: Vec<_> = folders.iter().map(|folder| tests.join(folder)).collect();
        let mut suite = suites.command(flag, &folders)?;
        suite.env("MINILM_PACKAGE", &package.folder).env("MINILM_TARBALL", &tarball);
        run(&format!("npm package {title}"), suite.env("MINILM_TEST_MODELS", models), counts::of_node, counts)
    };
    suite("in Node", None, &["."])?;
    let probe = Command::new(&suites.node).args([RELAXED_SIMD, "--eval", ""]).output();
    if probe.is_ok_and(|output| output.status.success()) {
        suite(&format!("in Node with {RELAXED_SIMD}"), Some(RELAXED_SIMD), &["."])?;
    }
    suite("converter, in Node", None, &["convert"])?;
    suite("in browsers, bundled, and in workerd", None, &["browser", "projects", "workerd"])
}

/// Vectors of the golden texts by the native core, little-endian floats: what the package must give, to the bit.
fn write_vectors(models: &Path, model: &str) -> Result<()> {
    let file = fs::read(models.join(format!("{model}-int8.minilm")))?;
    let texts = fs::read(paths::root().join("tests/golden/texts.json"))?;
    let texts: Vec<String> = serde_json::from_slice(&texts)?;
    let embeddings = Embedder::from_bytes(file)?.encode(&texts, &EncodeOptions::default())?;
    let values = &embeddings.data;
    let bytes: Vec<u8> = values.iter().flat_map(|value| value.to_le_bytes()).collect();
    Ok(fs::write(models.join(format!("{model}-int8.vectors")), bytes)?)
}

/// Checks the programs against their declarations, and whether bundlers and compilers find what the package has.
fn lint(suites: &NodeSuites, package: &Path, tarball: &Path, counts: &mut Counts) -> Result<()> {
    let tools = suites.modules.join(".bin");
    let mut check = |title: &str, arguments: &[&OsStr]| -> Result<()> {
        println!("\n== npm package, {title}");
        let passed = Command::new(&suites.node).args(arguments).status()?.success();
        *counts += Counts { passed: passed.into(), failed: (!passed).into(), skipped: 0 };
        Ok(())
    };
    let (tsc, project, types) = (tools.join("tsc"), paths::web().join("tests/types"), suites.modules.join("@types"));
    check("types", &[tsc.as_ref(), "--project".as_ref(), project.as_ref(), "--typeRoots".as_ref(), types.as_ref()])?;

    let publint = tools.join("publint");
    check("publint", &[publint.as_ref(), "--strict".as_ref(), package.as_ref()])?;

    let attw = tools.join("attw");
    check("attw", &[attw.as_ref(), "--profile".as_ref(), "esm-only".as_ref(), tarball.as_ref()])
}

/// The package as npm sends it.
fn packed(package: &Path) -> Result<PathBuf> {
    let mut pack = node::npm();
    pack.args(["pack", "--silent", "--pack-destination"]).arg(paths::output()).arg(package);
    cargo::run(pack.stdout(Stdio::null()))?;
    Ok(paths::output().join(format!("minilm-wasm-{}.tgz", env!("CARGO_PKG_VERSION"))))
}
