//! `www` and `build www`: the page, with a model as a folder of static files, and the component that serves it.

use std::borrow::Cow;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result};
use minilm_hub::PAGE_PRECISION;
use minilm_site::{SERVICE_WORKER, Site, read_page};

use super::web;
use crate::cargo::build_www;
use crate::model::{self, Request};
use crate::{fs_util, node, notices, paths, program};

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

/// Compressed once here, as no host does it.
const COMPRESSED: [&str; 7] = ["html", "css", "js", "json", "svg", "txt", "wasm"];

/// Shorter files fit into a packet as they are.
const LEAST_TO_COMPRESS: usize = 1024;

/// `cargo xtask build www`: the site in the target folder, and the component.
pub fn build(request: &Request) -> Result<ExitCode> {
    let model = model::resolve(request)?;
    let site = paths::output().join("www");
    let name = format!("{}-{PAGE_PRECISION}", model.name);
    write_site(&page()?, &model::packed(&model, PAGE_PRECISION)?, &name, &site)?;
    let component = component()?;
    println!("{} ({} bytes) serves {}", component.display(), fs::metadata(&component)?.len(), site.display());
    Ok(ExitCode::SUCCESS)
}

/// `cargo xtask www`: `minilm www` with the page as it is now. Ends with Ctrl-C.
pub fn serve(args: Vec<OsString>) -> Result<ExitCode> {
    program::exec(Some("www"), &[vec!["--page".into(), page()?.into_os_string()], args].concat())
}

/// Writes the page with the packed file `model`, which it calls `name`, into `folder`.
pub fn write_site(page: &Path, model: &Path, name: &str, folder: &Path) -> Result<()> {
    Ok(Site::new(read_page(page)?, name, model)?.write(folder)?)
}

/// Builds the component and puts it where people find it.
pub fn component() -> Result<PathBuf> {
    let component = paths::output().join("minilm-www.wasm");
    println!("building the component that serves the page");
    fs::copy(build_www()?, &component)?;
    notices::write(&notices::COMPONENTS, &component.with_extension(notices::FILE))?;
    Ok(component)
}

/// Builds the page, without a model, and gives its folder.
pub fn page() -> Result<PathBuf> {
    println!("building the npm package");
    let package = web::package()?.folder;
    let libraries = node::packages(&paths::www(), "www")?;
    let folder = paths::output().join("page");
    if folder.exists() {
        fs::remove_dir_all(&folder)?;
    }
    fs_util::copy(&paths::www(), &folder, &|path| !NOT_SERVED.contains(&&*name_of(path)))?;
    fs_util::copy(&package, &folder.join("minilm-wasm"), &|path| {
        let name = name_of(path);
        !name.starts_with("node")
            && !matches!(&*name, "types" | "package.json" | "README.md" | "workerd.js" | "bindings.d.ts" | "inline")
    })?;
    copy_libraries(&libraries, &folder.join("lib"))?;
    for file in read_page(&folder)?.keys().filter(|&file| file != SERVICE_WORKER) {
        compress(&folder.join(file))?;
    }
    Ok(folder)
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
