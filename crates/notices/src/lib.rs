//! The licences of the crates that are linked into what is built, as one text.
//!
//! Cargo says which crates these are: `cargo tree` without build programs and macros, with the features of the build. Their texts are in
//! the sources that cargo has fetched to build them.

mod texts;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};
use serde::Deserialize;

pub use texts::licence_files;

/// A crate from a registry.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
pub struct Package {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: String,
    /// SPDX expression.
    pub license: Option<String>,
    /// Where its sources are; nothing for a crate of this project.
    source: Option<String>,
    manifest_path: PathBuf,
}

impl Package {
    /// The folder of its sources.
    #[must_use]
    pub fn folder(&self) -> &Path {
        self.manifest_path.parent().unwrap_or(&self.manifest_path)
    }

    fn license(&self) -> &str {
        self.license.as_deref().unwrap_or("no licence stated")
    }
}

#[derive(Deserialize)]
struct Metadata {
    packages: Vec<Package>,
}

/// A cargo command in the folder of a project.
fn cargo(project: &Path, args: &[&str]) -> Result<Vec<u8>> {
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    let output = cargo.args(args).arg("--locked").current_dir(project).output().context("cannot start cargo")?;
    ensure!(output.status.success(), "cargo {args:?}: {}", String::from_utf8_lossy(&output.stderr));
    Ok(output.stdout)
}

/// Every crate that the lock file of `project` names, by name and version.
fn packages(project: &Path) -> Result<BTreeMap<(String, String), Package>> {
    let metadata = cargo(project, &["metadata", "--format-version", "1", "--all-features"])?;
    let metadata: Metadata = serde_json::from_slice(&metadata).context("cargo metadata")?;
    Ok(metadata
        .packages
        .into_iter()
        .map(|package| ((package.name.clone(), package.version.clone()), package))
        .collect())
}

/// Name and version of each crate in what `cargo tree` prints with the format `{p}`.
fn names(tree: &str) -> BTreeSet<(String, String)> {
    let name = |line: &str| {
        let (name, rest) = line.split_once(" v")?;
        Some((name.to_owned(), rest.split(' ').next()?.to_owned()))
    };
    tree.lines().filter_map(name).collect()
}

/// The notices for builds of `project` that are shipped together, `title` saying what that is. Each of `builds` is the arguments that select
/// a build for cargo: package, target, features.
///
/// # Errors
/// Cargo fails, or a crate has no licence text.
pub fn notices(project: &Path, title: &str, builds: &[&[&str]]) -> Result<String> {
    let packages = packages(project)?;
    let mut linked = BTreeSet::new();
    for build in builds {
        let fixed = ["tree", "--edges", "normal,no-proc-macro", "--prefix", "none", "--format", "{p}"];
        let tree = String::from_utf8(cargo(project, &[&fixed, *build].concat())?)?;
        linked.extend(names(&tree));
    }
    let find = |name: &(String, String)| packages.get(name).with_context(|| format!("cargo metadata has no {name:?}"));
    let linked = linked.iter().map(find).collect::<Result<Vec<_>>>()?;
    let linked: Vec<&Package> = linked.into_iter().filter(|package| package.source.is_some()).collect();
    let all: Vec<&Package> = packages.values().collect();
    texts::write(title, &linked, &all)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read() {
        let tree = "minilm v0.1.0 (/somewhere)\nserde v1.0.1 (*)\nlibm v0.2.15\n\n";
        let expected = [("libm", "0.2.15"), ("minilm", "0.1.0"), ("serde", "1.0.1")];
        assert_eq!(names(tree), expected.map(|(name, version)| (name.to_owned(), version.to_owned())).into());
    }
}
