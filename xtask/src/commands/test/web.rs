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

/// What tells the suite where a browser is, Debian's package of it, and the names of its program.
const BROWSERS: [(&str, &str, &[&str]); 2] = [
    ("MINILM_CHROMIUM", "chromium", &["chromium", "chromium-browser", "google-chrome"]),
    ("MINILM_FIREFOX", "firefox-esr", &["firefox", "firefox-esr"]),
];

/// Runs the suites in `wasm/web/tests`, `models` being the folder of the models under test.
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
    let tests = paths::web().join("tests");
    let modules = node::packages(&tests, "web-tests")?;
    let tarball = packed(&package.folder)?;
    lint(&node, &modules, &package.folder, &tarball, counts)?;

    let found = |(variable, package, programs)| Some((variable, browsers::find(package, programs)?));
    let browsers: Vec<(&str, PathBuf)> = BROWSERS.into_iter().filter_map(found).collect();
    let mut suite = |title: &str, flag: Option<&str>, folders: &[&str]| -> Result<()> {
        let mut suite = Command::new(&node);
        // One file after the other: they start browsers.
        suite.args(flag).args(["--test", "--test-concurrency=1", "--test-reporter=tap"]).current_dir(paths::root());
        for folder in folders {
            suite.args(programs(&tests.join(folder))?);
        }
        suite.env("MINILM_PACKAGE", &package.folder).env("MINILM_TARBALL", &tarball);
        suite.env("MINILM_TEST_MODELS", models).env("MINILM_NODE_MODULES", &modules);
        suite.envs(browsers.iter().map(|(variable, program)| (variable, program)));
        run(&format!("npm package {title}"), &mut suite, counts::of_node, counts)
    };
    suite("in Node", None, &["."])?;
    let probe = Command::new(&node).args([RELAXED_SIMD, "--eval", ""]).output();
    if probe.is_ok_and(|output| output.status.success()) {
        suite(&format!("in Node with {RELAXED_SIMD}"), Some(RELAXED_SIMD), &["."])?;
    }
    suite("in browsers, bundled, and in workerd", None, &["browser", "projects", "workerd"])
}

/// The test programs in a folder.
fn programs(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut files = fs::read_dir(folder)?.map(|entry| Ok(entry?.path())).collect::<Result<Vec<PathBuf>>>()?;
    files.retain(|file| file.to_string_lossy().ends_with(".test.js"));
    files.sort();
    Ok(files)
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
fn lint(node: &Path, modules: &Path, package: &Path, tarball: &Path, counts: &mut Counts) -> Result<()> {
    let tools = modules.join(".bin");
    let mut check = |title: &str, arguments: &[&OsStr]| -> Result<()> {
        println!("\n== npm package, {title}");
        let passed = Command::new(node).args(arguments).status()?.success();
        *counts += Counts { passed: passed.into(), failed: (!passed).into(), skipped: 0 };
        Ok(())
    };
    let (tsc, project, types) = (tools.join("tsc"), paths::web().join("tests/types"), modules.join("@types"));
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
