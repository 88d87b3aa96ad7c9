//! `notices`: the licences of what is linked into each thing that is shipped.

use std::fs;
use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context, Result};

use crate::paths;

/// The name of the file, behind that of what it is for.
pub const FILE: &str = "THIRD-PARTY-NOTICES.txt";

/// What is shipped: its name, and the arguments of cargo for each build in it.
pub struct Shipped<'a>(&'a str, &'a [&'a [&'a str]]);

const PROGRAM: Shipped<'_> = Shipped("minilm", &[&["--package", "minilm-cli"]]);

/// With all features: a build has no crates that are not in them.
pub const COMPONENTS: Shipped<'_> = Shipped(
    "components",
    &[
        &["--package", "minilm-cli-component", "--target", "wasm32-wasip2", "--all-features"],
        &["--package", "minilm-http", "--target", "wasm32-wasip2", "--all-features"],
        &["--package", "minilm-kb", "--target", "wasm32-wasip2", "--all-features"],
        &["--package", "minilm-component", "--target", "wasm32-wasip2", "--all-features"],
        &["--package", "minilm-www", "--target", "wasm32-wasip2"],
    ],
);

/// Its JavaScript is ours but for what wasm-bindgen writes, and wasm-bindgen is linked too.
pub const NPM: Shipped<'_> = Shipped(
    "minilm-wasm",
    &[
        &["--package", "minilm-web", "--target", "wasm32-unknown-unknown"],
        &["--package", "minilm-convert-web", "--target", "wasm32-unknown-unknown"],
    ],
);

/// `cargo xtask notices`. The program has the components and the page in it.
pub fn all() -> Result<ExitCode> {
    let folder = paths::output().join("notices");
    fs::create_dir_all(&folder)?;
    let program = [PROGRAM.1, COMPONENTS.1, NPM.1].concat();
    for shipped in [Shipped(PROGRAM.0, &program), COMPONENTS, NPM] {
        let file = folder.join(format!("{}.{FILE}", shipped.0));
        write(&shipped, &file)?;
        println!("{} ({} bytes)", file.display(), fs::metadata(&file)?.len());
    }
    Ok(ExitCode::SUCCESS)
}

/// Writes the notices for `shipped`.
pub fn write(shipped: &Shipped<'_>, file: &Path) -> Result<()> {
    let notices = minilm_notices::notices(paths::root(), shipped.0, shipped.1)?;
    fs::write(file, notices).with_context(|| format!("cannot write {}", file.display()))
}
