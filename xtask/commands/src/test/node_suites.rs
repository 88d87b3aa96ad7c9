//! Test programs for Node's own runner.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Result;

use crate::bench::browsers;
use crate::{fs_util, node, paths};

/// What tells a suite where a browser is, Debian's package of it, and the names of its program.
const BROWSERS: [(&str, &str, &[&str]); 2] = [
    ("MINILM_CHROMIUM", "chromium", &["chromium", "chromium-browser", "google-chrome"]),
    ("MINILM_FIREFOX", "firefox-esr", &["firefox", "firefox-esr"]),
];

/// Where Node and what suites need are.
pub struct NodeSuites {
    /// Node itself.
    pub node: PathBuf,
    /// Folder of the installed packages.
    pub modules: PathBuf,
    /// Variables of the browsers that there are.
    browsers: Vec<(&'static str, PathBuf)>,
}

impl NodeSuites {
    /// Installs what the lock file in the folder `tests` names into the folder `name` of the cache.
    pub fn prepare(tests: &Path, name: &str) -> Result<Self> {
        let (node, modules) = (node::node()?, node::packages(tests, name)?);
        let found = |(variable, package, programs)| Some((variable, browsers::find(package, programs)?));
        Ok(Self { node, modules, browsers: BROWSERS.into_iter().filter_map(found).collect() })
    }

    /// Runs the test programs in `folders`, one after the other as they start browsers; `flag` is one of Node's.
    pub fn command(&self, flag: Option<&str>, folders: &[PathBuf]) -> Result<Command> {
        let mut suite = Command::new(&self.node);
        suite.args(flag).args(["--test", "--test-concurrency=1", "--test-reporter=tap"]).current_dir(paths::root());
        for tests in folders {
            suite.args(fs_util::ending_with(tests, ".test.js")?);
        }
        suite.env("MINILM_NODE_MODULES", &self.modules);
        suite.envs(self.browsers.iter().map(|(variable, program)| (variable, program)));
        Ok(suite)
    }
}
