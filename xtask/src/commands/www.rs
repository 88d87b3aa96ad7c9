//! `www` and `build www`: the page with a model, as a folder of static files, and the component that serves it.

use std::borrow::Cow;
use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result};
use minilm::Precision;
use serde_json::json;
use sha2::{Digest, Sha256};

use super::web;
use crate::cargo::build_www;
use crate::model::{self, Request};
use crate::model::{file_name, packed};
use crate::{fs_util, node, paths, program};

/// Files of npm packages, and the one file that the page loads in their place. All of them are written for `<script>`.
const LIBRARIES: [(&str, &[&str]); 2] = [
    (
        "d3.js",
        &[
            "d3-array/dist/d3-array.min.js",
            "d3-color/dist/d3-color.min.js",
            "d3-interpolate/dist/d3-interpolate.min.js",
            "d3-format/dist/d3-format.min.js",
            "d3-time/dist/d3-time.min.js",
            "d3-time-format/dist/d3-time-format.min.js",
            "d3-scale/dist/d3-scale.min.js",
            "d3-selection/dist/d3-selection.min.js",
            "d3-axis/dist/d3-axis.min.js",
        ],
    ),
    ("papaparse.js", &["papaparse/papaparse.min.js"]),
];

/// What of `www/` is for developers.
const NOT_SERVED: [&str; 4] = ["package.json", "package-lock.json", "tests", ".npmrc"];

/// Compressed once here, as no host does it. A model does not get smaller.
const COMPRESSED: [&str; 7] = ["html", "css", "js", "json", "svg", "txt", "wasm"];

/// Where models lie in the site.
const MODELS: &str = "models/";

/// Shorter files fit into a packet as they are.
const LEAST_TO_COMPRESS: usize = 1024;

/// `cargo xtask build www`.
pub fn build(request: &Request) -> Result<ExitCode> {
    let (component, site) = prepare(request)?;
    println!("{} ({} bytes) serves {}", component.display(), fs::metadata(&component)?.len(), site.display());
    Ok(ExitCode::SUCCESS)
}

/// `cargo xtask www`. Ends with Ctrl-C.
pub fn serve(request: &Request, addr: SocketAddr) -> Result<ExitCode> {
    let (_, site) = prepare(request)?;
    let args = ["--site".into(), site.into_os_string(), "--addr".into(), addr.to_string().into()];
    program::exec(Some("www"), &args)
}

/// Builds everything into the target folder; gives the component and the folder of the site.
fn prepare(request: &Request) -> Result<(PathBuf, PathBuf)> {
    let model = model::resolve(request)?;
    let site = paths::output().join("www");
    assemble(&packed(&model, Precision::Int8)?, &file_name(&model, Precision::Int8), &site)?;
    Ok((component()?, site))
}

/// Builds the component and puts it where people find it.
pub fn component() -> Result<PathBuf> {
    let component = paths::output().join("minilm-www.wasm");
    println!("building the component that serves the page");
    fs::copy(build_www()?, &component)?;
    Ok(component)
}

/// Writes the site with the packed file `model` into `folder`, in place of what is there.
pub fn assemble(model: &Path, name: &str, folder: &Path) -> Result<()> {
    println!("building the npm package");
    let package = web::package()?.folder;
    let libraries = node::packages(&paths::www(), "www")?;
    // What is served now stays whole until the new site is.
    let part = folder.with_extension("part");
    if part.exists() {
        fs::remove_dir_all(&part)?;
    }
    fs_util::copy(&paths::www(), &part, &|path| !NOT_SERVED.contains(&&*name_of(path)))?;
    fs_util::copy(&package, &part.join("minilm-wasm"), &|path| {
        let name = name_of(path);
        !name.starts_with("node")
            && !matches!(&*name, "types" | "package.json" | "README.md" | "workerd.js" | "bindings.d.ts")
    })?;
    copy_libraries(&libraries, &part.join("lib"))?;
    add_model(model, name, &part)?;
    precache(&part)?;
    for file in files(&part)? {
        compress(&part.join(file))?;
    }
    if folder.exists() {
        fs::remove_dir_all(folder)?;
    }
    fs::rename(&part, folder).with_context(|| format!("cannot write {}", folder.display()))
}

/// Writes each library as one file, and the licences of all that is in them.
fn copy_libraries(packages: &Path, folder: &Path) -> Result<()> {
    fs::create_dir_all(folder)?;
    for (name, parts) in LIBRARIES {
        let parts = parts.iter().map(|part| fs::read_to_string(packages.join(part)).with_context(|| part.to_string()));
        fs::write(folder.join(name), parts.collect::<Result<Vec<String>>>()?.join("\n"))?;
    }
    let mut licences = String::new();
    for package in fs_util::entries(packages)? {
        if let Ok(licence) = fs::read_to_string(package.join("LICENSE")) {
            licences += &format!("{}\n\n{licence}\n\n", name_of(&package));
        }
    }
    Ok(fs::write(folder.join("LICENSES.txt"), licences)?)
}

/// Puts the model under a name that changes with what is in it, so that no cache can give an old one.
fn add_model(model: &Path, name: &str, site: &Path) -> Result<()> {
    let bytes = fs::read(model).with_context(|| format!("cannot read {}", model.display()))?;
    let sha256 = format!("{:x}", Sha256::digest(&bytes));
    let name = name.trim_end_matches(".minilm");
    let url = format!("{MODELS}{name}-{}.minilm", &sha256[..8]);
    fs::create_dir_all(site.join(MODELS))?;
    fs::write(site.join(&url), &bytes)?;
    let about = json!({ "model": { "name": name, "url": url, "bytes": bytes.len(), "sha256": sha256 } });
    Ok(fs::write(site.join("site.json"), format!("{about:#}\n"))?)
}

/// Tells the service worker what to keep: every file of the page, and a version that changes with any of them. It goes into the
/// worker itself, which is what browsers compare with the one they have.
fn precache(site: &Path) -> Result<()> {
    let mut hash = Sha256::new();
    let mut kept = files(site)?;
    // The npm package keeps the model, and the browser the worker itself.
    kept.retain(|file| !file.starts_with(MODELS) && file != "sw.js");
    for file in &kept {
        hash.update(file);
        hash.update(fs::read(site.join(file))?);
    }
    let list = json!({ "version": &format!("{:x}", hash.finalize())[..16], "files": kept });
    let worker = site.join("sw.js");
    let program = fs::read_to_string(&worker)?;
    Ok(fs::write(worker, format!("self.precache = {list:#};\n\n{program}"))?)
}

/// Every file below a folder, with slashes, sorted.
fn files(folder: &Path) -> Result<Vec<String>> {
    let mut files = Vec::new();
    for path in fs_util::entries(folder)? {
        let name = name_of(&path);
        if path.is_dir() {
            files.extend(self::files(&path)?.iter().map(|file| format!("{name}/{file}")));
        } else {
            files.push(name.into_owned());
        }
    }
    files.sort();
    Ok(files)
}

fn name_of(path: &Path) -> Cow<'_, str> {
    path.file_name().unwrap_or_default().to_string_lossy()
}

/// Writes `file.gz` beside a file that gets smaller by it.
fn compress(file: &Path) -> Result<()> {
    let extension = file.extension().unwrap_or_default().to_string_lossy();
    let bytes = fs::read(file)?;
    if !COMPRESSED.contains(&&*extension) || bytes.len() < LEAST_TO_COMPRESS {
        return Ok(());
    }
    let mut name = file.as_os_str().to_owned();
    name.push(".gz");
    Ok(fs::write(name, web::gzip(&bytes)?)?)
}
