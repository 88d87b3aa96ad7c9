//! The page: what its tabs do in browsers, whether everyone can use it, and whether it needs the network.

use anyhow::Result;
use minilm_hub::PAGE_PRECISION;

use super::counts::{self, Counts};
use super::node_suites::NodeSuites;
use super::{TestEnv, run};
use crate::cargo::{Backend, Store};
use crate::{baked, model, paths, program, www};

/// Installs the browsers, and the packages of the suite.
pub fn prepare() -> Result<NodeSuites> {
    NodeSuites::prepare(&paths::www().join("tests"), "www-tests")
}

/// Runs the suite in `www/tests` on the page with the real model.
pub fn test(env: &TestEnv, counts: &mut Counts) -> Result<()> {
    let suites = prepare()?;
    let tests = paths::www().join("tests");
    let site = paths::output().join("test-www");
    let name = format!("{}-{PAGE_PRECISION}", model::L6);
    let file = env.models.join(format!("{name}.minilm"));
    let page = www::page()?;
    www::write_site(&page, &file, &name, &site)?;
    let component = www::component()?;
    let knowledge_base = baked::kb(Backend::RelaxedSimd, Store::Spin, Some(&file))?;

    let mut suite = suites.command(None, &[tests])?;
    suite.env("MINILM_SITE", &site).env("MINILM_SITE_COMPONENT", component);
    suite.env("MINILM_KB_COMPONENT", knowledge_base).env("MINILM_TEST_MODELS", &env.models);
    suite.env("MINILM_PROGRAM", program::minilm()?).env("MINILM_PACKAGE", paths::output().join("npm"));
    run("the page, in browsers", &mut suite, counts::of_node, counts)
}
