//! wasmtime in this process, so that no second installation is needed to run a component.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result};
use wasmtime::component::{Component, Linker, ResourceTable};
use wasmtime::{Cache, CacheConfig, Config, Engine, Store};
use wasmtime_wasi::p2::bindings::sync::Command;
use wasmtime_wasi::{FsPerms, I32Exit, WasiCtx, WasiCtxBuilder, WasiCtxView, WasiView};

use crate::paths;

pub mod bench;
pub mod databases;
pub mod serve;

/// What a component sees of this machine.
#[derive(Clone, Debug, Default)]
pub struct World {
    /// Folders, and their names inside.
    pub dirs: Vec<(PathBuf, String)>,
    /// Environment variables.
    pub env: Vec<(String, String)>,
}

impl World {
    /// The world for one instance, which writes to the standard streams of this process.
    fn context(&self) -> Result<WasiCtxBuilder> {
        let mut ctx = WasiCtxBuilder::new();
        ctx.inherit_stdout().inherit_stderr().envs(&self.env);
        for (path, name) in &self.dirs {
            let opened = ctx.preopened_dir(path, name, FsPerms::ReadWrite).map(drop);
            opened.map_err(anyhow::Error::from).with_context(|| format!("cannot open {}", path.display()))?;
        }
        Ok(ctx)
    }
}

struct State {
    ctx: WasiCtx,
    table: ResourceTable,
}

impl WasiView for State {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        WasiCtxView { ctx: &mut self.ctx, table: &mut self.table }
    }
}

/// Runs a component that sees the current folder, and paths below it as they are written on the command line.
pub fn run_with_current_dir(file: &Path, args: &[impl AsRef<OsStr>]) -> Result<ExitCode> {
    let world = World { dirs: vec![(PathBuf::from("."), ".".to_owned())], env: std::env::vars().collect() };
    run(file, args, &world)
}

/// Runs the command component `file` with the standard streams of this process. Its code is compiled once and kept in a
/// cache.
pub fn run(file: &Path, args: &[impl AsRef<OsStr>], world: &World) -> Result<ExitCode> {
    let engine = engine()?;
    let component = Component::from_file(&engine, file)?;
    let mut linker = Linker::new(&engine);
    wasmtime_wasi::p2::add_to_linker_sync(&mut linker)?;

    let mut ctx = world.context()?;
    ctx.inherit_stdin().arg(file.file_name().unwrap_or_default().to_string_lossy());
    for arg in args {
        ctx.arg(arg.as_ref().to_str().context("an argument is not valid UTF-8")?);
    }
    let mut store = Store::new(&engine, State { ctx: ctx.build(), table: ResourceTable::new() });
    let command = Command::instantiate(&mut store, &component, &linker)?;
    match command.wasi_cli_run().call_run(&mut store) {
        Ok(result) => Ok(if result.is_ok() { ExitCode::SUCCESS } else { ExitCode::FAILURE }),
        Err(error) => match error.downcast_ref::<I32Exit>() {
            Some(exit) => Ok(ExitCode::from(exit.0.clamp(0, 255) as u8)),
            None => Err(error.into()),
        },
    }
}

fn engine() -> Result<Engine> {
    let mut cache = CacheConfig::new();
    cache.with_directory(paths::output().join("wasmtime-cache"));
    let mut config = Config::new();
    config.cache(Some(Cache::new(cache)?));
    Ok(Engine::new(&config)?)
}

#[cfg(test)]
mod tests;
