//! Licence texts: found in the sources of crates, each written once.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::Package;

/// How the names of files with licences and notices begin, in lower case.
const BEGINNINGS: [&str; 6] = ["licen", "unlicen", "copying", "copyright", "notice", "patents"];

/// Where a crate is offered under Apache-2.0 or others, this text is taken: it is the same for all.
const APACHE: &str = "apache";

/// What every build has beside crates.
const STANDARD_LIBRARY: &str = "This also contains the Rust standard library and what it links (https://github.com/rust-lang/rust): MIT OR \
Apache-2.0. Builds for wasm32-wasip2 also contain wasi-libc (https://github.com/WebAssembly/wasi-libc): Apache-2.0 WITH LLVM-exception \
OR Apache-2.0 OR MIT, with musl (MIT).";

/// Files with licences and notices in `folder` and the folders in it, in the order of their names.
///
/// # Errors
/// The folder cannot be read.
pub fn licence_files(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    let entries = |folder: &Path| -> Result<Vec<PathBuf>> {
        let entries = fs::read_dir(folder).with_context(|| format!("cannot read {}", folder.display()))?;
        Ok(entries.map(|entry| Ok(entry?.path())).collect::<Result<_, std::io::Error>>()?)
    };
    for path in entries(folder)? {
        if !path.is_dir() {
            found.push(path);
        } else if name(&path) != "tests" {
            found.extend(entries(&path)?.into_iter().filter(|path| !path.is_dir()));
        }
    }
    found.retain(|path| {
        let is_code = path.extension().is_some_and(|end| end == "rs" || end == "html");
        !is_code && BEGINNINGS.iter().any(|beginning| name(path).starts_with(beginning))
    });
    found.sort();
    Ok(found)
}

fn name(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().to_lowercase()
}

/// The texts of a package.
fn of(package: &Package) -> Result<Vec<String>> {
    let mut files = licence_files(package.folder())?;
    let is_choice = !package.license().contains("AND");
    if is_choice && files.iter().any(|path| name(path).contains(APACHE)) {
        files.retain(|path| name(path).contains(APACHE) || name(path).starts_with("notice"));
    }
    let read = |path: &PathBuf| {
        let bytes = fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
        Ok(String::from_utf8_lossy(&bytes).replace("\r\n", "\n").trim_matches('\n').trim_end().to_owned())
    };
    files.iter().map(read).collect()
}

/// The texts of a package that has none: those of another one in `all` under the same licence.
fn of_another(package: &Package, all: &[&Package]) -> Result<Vec<String>> {
    for other in all.iter().filter(|other| other.license == package.license && *other != &package) {
        let texts = of(other)?;
        if !texts.is_empty() {
            return Ok(texts);
        }
    }
    anyhow::bail!("{} {} ({}) has no licence text", package.name, package.version, package.license())
}

/// Texts that differ in white space only are one.
fn key(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The list of `linked`, and the texts, each with the packages that it is for.
pub fn write(title: &str, linked: &[&Package], all: &[&Package]) -> Result<String> {
    let mut out = format!("Third-party notices: {title}\n\n");
    for package in linked {
        writeln!(out, "  {} {} ({})", package.name, package.version, package.license())?;
    }
    writeln!(out, "\n{STANDARD_LIBRARY}")?;
    let mut texts: BTreeMap<String, (String, Vec<String>)> = BTreeMap::new();
    for package in linked {
        let mut own = of(package)?;
        if own.is_empty() {
            own = of_another(package, all)?;
        }
        for text in own {
            let entry = texts.entry(key(&text)).or_insert((text, Vec::new()));
            let about = format!("{} {}", package.name, package.version);
            if entry.1.last() != Some(&about) {
                entry.1.push(about);
            }
        }
    }
    for (text, packages) in texts.into_values() {
        write!(out, "\n{}\n{}\n\n{text}\n", "-".repeat(80), packages.join(", "))?;
    }
    Ok(out)
}
