//! The components that were built into this program.

use anyhow::{Context, Result};
use clap::ValueEnum;

include!(concat!(env!("OUT_DIR"), "/components.rs"));

/// A component.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Component {
    /// The HTTP server, for `wasmtime serve`, Spin, and any host of wasi:http
    Http,
    /// The same for Spin alone, which takes keys from Spin's variables
    HttpSpin,
    /// The knowledge base over SQLite or PostgreSQL, for Spin
    Kb,
    /// The knowledge base over an index file, for `wasmtime serve`
    KbIndex,
    /// The command line, for `wasmtime run`
    Cli,
    /// The library `minilm:embed`, for components in any language
    #[value(name = "component")]
    Library,
    /// The server of the page, which takes no model
    #[value(skip)]
    Www,
}

impl Component {
    /// Its bytes, without a model.
    pub fn bytes(self) -> Result<&'static [u8]> {
        let bytes = match self {
            Self::Http => HTTP,
            Self::HttpSpin => HTTP_SPIN,
            Self::Kb => KB,
            Self::KbIndex => KB_INDEX,
            Self::Cli => CLI,
            Self::Library => EMBED,
            Self::Www => WWW,
        };
        bytes.context(
            "this program was built without this component; build one that has all of them with `cargo xtask install` in the \
             repository of the project",
        )
    }

    /// What files with this component are called.
    pub fn stem(self) -> &'static str {
        match self {
            Self::Http => "minilm-http",
            Self::HttpSpin => "minilm-http-spin",
            Self::Kb => "minilm-kb",
            Self::KbIndex => "minilm-kb-index",
            Self::Cli => "minilm",
            Self::Library => "minilm-embed",
            Self::Www => "minilm-www",
        }
    }
}
