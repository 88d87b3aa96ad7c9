//! `build web`: the npm package as a folder.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};

use anyhow::{Context, Result, ensure};
use base64::prelude::{BASE64_STANDARD, Engine};
use flate2::Compression;
use flate2::write::GzEncoder;
use wasm_bindgen_cli_support::Bindgen;

use crate::cargo::{self, Backend};
use crate::{fs_util, node, notices, paths};

/// The builds in the package, of which the loader takes one.
const BACKENDS: (Backend, Backend) = (Backend::Simd128, Backend::RelaxedSimd);

/// Most bytes of a gzipped WebAssembly file, and of the gzipped JavaScript that a page loads.
const MAX_WASM: usize = 250_000;
const MAX_JS: usize = 17_000;

/// The converter, for those who ask for it alone: its crate, its build, the folder of its programs, and the most bytes of it.
const CONVERTER: (&str, Backend, &str, usize) = ("minilm-convert-web", Backend::Simd128, "convert", 1_200_000);

/// Programs that no page loads.
const NOT_IN_PAGES: [&str; 4] = ["node.js", "node-host.js", "node-worker.js", "workerd.js"];

/// Programs of workers, and what is called like them where they are scripts for pages that cannot start them from their address.
const WORKERS: [(&str, &str); 2] =
    [("minilm-worker.js", "worker.js"), ("convert/minilm-convert-worker.js", "convert-worker.js")];

/// A package on disk.
pub struct Package {
    /// Its folder.
    pub folder: PathBuf,
    /// What is to stay small: name, gzipped size and limit in bytes.
    pub sizes: Vec<(String, usize, usize)>,
}

/// `cargo xtask build web`.
pub fn build() -> Result<ExitCode> {
    let package = package()?;
    for (name, size, limit) in &package.sizes {
        println!("{name}: {size} bytes gzipped, at most {limit}");
    }
    println!("{} is ready for npm pack", package.folder.display());
    Ok(ExitCode::SUCCESS)
}

/// Writes the package into the target folder.
pub fn package() -> Result<Package> {
    let folder = paths::output().join("npm");
    if folder.exists() {
        fs::remove_dir_all(&folder)?;
    }
    fs_util::copy(&paths::web().join("js"), &folder, &|_| true)?;
    fs::copy(paths::root().join("LICENSE"), folder.join("LICENSE"))?;
    notices::write(&notices::NPM, &folder.join(notices::FILE))?;
    let wasm = folder.join("wasm");
    fs::create_dir_all(&wasm)?;
    let mut sizes = Vec::new();
    let mut bindings: Option<String> = None;
    let (some, others) = BACKENDS;
    let (crate_name, backend, programs, limit) = CONVERTER;
    let web = |backend| cargo::build_web(backend, "minilm-web");
    // Builds of one backend share a folder and wait for each other.
    let ((built, converter), beside) =
        rayon::join(|| (web(some), cargo::build_web(backend, crate_name)), || web(others));
    for (backend, built) in [(some, built), (others, beside)] {
        let (module, js) = bind(&built?)?;
        let name = format!("minilm-{}.wasm", backend.name());
        let gzipped = gzip(&module)?;
        sizes.push((name.clone(), gzipped.len(), MAX_WASM));
        let text = format!("export const gzipped = '{}';\n", BASE64_STANDARD.encode(gzipped));
        fs::write(folder.join(format!("src/inline/{}.js", backend.name())), text)?;
        fs::write(wasm.join(name), module)?;
        ensure!(bindings.is_none_or(|other| other == js), "the builds need different bindings");
        bindings = Some(js);
    }
    let src = folder.join("src");
    fs::write(src.join("bindings.js"), bindings.unwrap_or_default())?;
    let (module, js) = bind(&converter?)?;
    sizes.push(("minilm-convert.wasm".to_owned(), gzip(&module)?.len(), limit));
    fs::write(wasm.join("minilm-convert.wasm"), module)?;
    fs::write(src.join(programs).join("bindings.js"), js)?;
    let programs = [fs_util::ending_with(&src, ".js")?, fs_util::ending_with(&src.join(programs), ".js")?].concat();
    // Comments and indentation, which pages would load for nothing.
    let shorten = ["--minify-whitespace", "--allow-overwrite", "--outbase=.", "--outdir=."];
    cargo::run(esbuild()?.args(programs).args(shorten).current_dir(&src))?;
    bundle(&src)?;
    let mut loaded = Vec::new();
    for program in fs_util::ending_with(&src, ".js")?
        .iter()
        .filter(|program| NOT_IN_PAGES.iter().all(|name| !program.ends_with(name)))
    {
        loaded.extend(fs::read(program)?);
    }
    sizes.push(("JavaScript".to_owned(), gzip(&loaded)?.len(), MAX_JS));
    Ok(Package { folder, sizes })
}

/// The module of a build as JavaScript takes it, and the bindings that it needs.
fn bind(module: &Path) -> Result<(Vec<u8>, String)> {
    let mut bindgen = Bindgen::new();
    bindgen.input_path(module).remove_name_section(true).remove_producers_section(true);
    bindgen.omit_default_module_path(true).no_modules(true)?;
    let mut output = bindgen.generate_output().with_context(|| format!("cannot bind {}", module.display()))?;
    let js = as_module(output.js())?;
    Ok((output.wasm_mut().emit_wasm(), js))
}

/// What wasm-bindgen writes for scripts, as a module with a function that gives a fresh set of bindings: so each instance can be
/// dropped for itself. What it writes for modules has one instance for ever.
fn as_module(script: &str) -> Result<String> {
    let body = script.trim().strip_prefix("let wasm_bindgen = (function(exports) {");
    let body = body.context("wasm-bindgen's output has another beginning")?;
    ensure!(body.ends_with("})({ __proto__: null });"), "wasm-bindgen's output has another end");
    Ok(format!("// Made by wasm-bindgen.\nexport const bindings = () => (function(exports) {{{body}\n"))
}

/// esbuild, with arguments to be added.
fn esbuild() -> Result<Command> {
    let modules = node::packages(&paths::web().join("build"), "web-build")?;
    let mut command = Command::new(node::node()?);
    command.arg(modules.join("esbuild/bin/esbuild")).args(["--charset=utf8", "--log-level=warning"]);
    Ok(command)
}

/// Writes the programs of workers as modules that hold them as one script each.
fn bundle(src: &Path) -> Result<()> {
    for (program, name) in WORKERS {
        let mut command = esbuild()?;
        command.arg(src.join(program)).args(["--bundle", "--minify", "--format=iife"]);
        let output = command.stderr(Stdio::inherit()).output()?;
        ensure!(output.status.success(), "esbuild cannot bundle {program}");
        let script = serde_json::to_string(&String::from_utf8(output.stdout)?)?;
        fs::write(src.join("inline").join(name), format!("export const program = {script};\n"))?;
    }
    Ok(())
}

/// Compressed as far as it goes.
pub fn gzip(bytes: &[u8]) -> Result<Vec<u8>> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes)?;
    Ok(encoder.finish()?)
}

#[cfg(test)]
mod tests {
    use super::as_module;
    use crate::paths;

    #[test]
    fn bindings_are_made_anew_by_every_call() {
        let script =
            "let wasm_bindgen = (function(exports) {\n    let wasm;\n    return exports;\n})({ __proto__: null });\n";
        let module = as_module(script).expect("it is in the known form");
        assert!(module.contains("export const bindings = () => (function(exports) {\n    let wasm;"));
        assert!(as_module("export class Model {}").is_err());
    }

    #[test]
    fn the_package_has_the_version_of_the_workspace() {
        let package = std::fs::read(paths::web().join("js/package.json")).expect("there is a package.json");
        let package: serde_json::Value = serde_json::from_slice(&package).expect("it is JSON");
        assert_eq!(package["version"], env!("CARGO_PKG_VERSION"));
    }
}
