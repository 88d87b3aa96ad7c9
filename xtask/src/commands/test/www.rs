//! The page: what its tabs do in browsers, whether everyone can use it, and whether it needs the network.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Result;

use super::counts::{self, Counts};
use super::run;
use crate::commands::bench::browsers;
use crate::commands::{slice, www};
use crate::{node, paths};

/// Runs the suite in `www/tests` on the page with the real model out of `models`.
pub fn test(models: &Path, counts: &mut Counts) -> Result<()> {
    let node = node::node()?;
    let tests = paths::www().join("tests");
    let modules = node::packages(&tests, "www-tests")?;
    let site = paths::output().join("test-www");
    let name = format!("{}-int8.minilm", slice::SOURCE);
    www::assemble(&models.join(&name), &name, &site)?;
    let component = www::component()?;

    let mut suite = Command::new(node);
    let mut files = fs::read_dir(&tests)?.map(|entry| Ok(entry?.path())).collect::<Result<Vec<PathBuf>>>()?;
    files.retain(|file| file.to_string_lossy().ends_with(".test.js"));
    files.sort();
    // One after the other: each file has browsers of its own.
    suite.args(["--test", "--test-concurrency=1", "--test-reporter=tap"]).args(&files).current_dir(paths::root());
    suite.env("MINILM_SITE", &site).env("MINILM_SITE_COMPONENT", component).env("MINILM_NODE_MODULES", modules);
    suite.env("MINILM_XTASK", std::env::current_exe()?).env("MINILM_PACKAGE", paths::output().join("npm"));
    let chromium = browsers::find("chromium", &["chromium", "chromium-browser", "google-chrome"]);
    let firefox = browsers::find("firefox-esr", &["firefox", "firefox-esr"]);
    suite.envs(chromium.iter().map(|program| ("MINILM_CHROMIUM", program)));
    suite.envs(firefox.iter().map(|program| ("MINILM_FIREFOX", program)));
    run("the page, in browsers", &mut suite, counts::of_node, counts)
}
