//! What a component may see of this machine.

use std::path::PathBuf;

use anyhow::{Context, Result};
use wasmtime_wasi::{FsPerms, WasiCtxBuilder};

/// What a component may do in a folder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Read files.
    Read,
    /// Read, write, make and remove files.
    Write,
}

/// A folder that a component sees.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Folder {
    /// Where it is on this machine.
    pub host: PathBuf,
    /// What it is called inside: paths that begin with this name lead into it.
    pub guest: String,
    /// What may be done in it.
    pub access: Access,
}

/// Folders and environment variables of a component. It sees nothing else.
#[derive(Clone, Debug, Default)]
pub struct HostEnv {
    /// Folders.
    pub folders: Vec<Folder>,
    /// Environment variables, by name and value.
    pub variables: Vec<(String, String)>,
}

impl HostEnv {
    /// Adds a folder.
    pub fn mount(&mut self, host: impl Into<PathBuf>, guest: impl Into<String>, access: Access) -> &mut Self {
        self.folders.push(Folder { host: host.into(), guest: guest.into(), access });
        self
    }

    /// Sets a variable.
    pub fn set(&mut self, name: impl Into<String>, value: impl Into<String>) -> &mut Self {
        self.variables.push((name.into(), value.into()));
        self
    }

    /// A context for one instance, which writes to the standard streams of this process.
    pub(crate) fn context(&self) -> Result<WasiCtxBuilder> {
        let mut ctx = WasiCtxBuilder::new();
        ctx.inherit_stdout().inherit_stderr().envs(&self.variables);
        for Folder { host, guest, access } in &self.folders {
            let permissions = match access {
                Access::Read => FsPerms::ReadOnly,
                Access::Write => FsPerms::ReadWrite,
            };
            let opened = ctx.preopened_dir(host, guest, permissions).map(drop);
            opened.map_err(anyhow::Error::from).with_context(|| format!("cannot open {}", host.display()))?;
        }
        Ok(ctx)
    }
}
