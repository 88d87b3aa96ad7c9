//! Command components: programs that are called with arguments and end.

use std::ffi::OsStr;
use std::process::ExitCode;

use anyhow::{Context, Result};
use wasmtime::Store;
use wasmtime::component::{Component, Linker, ResourceTable};
use wasmtime_wasi::p2::bindings::sync::Command;
use wasmtime_wasi::{I32Exit, WasiCtx, WasiCtxView, WasiView};

use super::vector_state::clear_before_entry;
use super::{HostEnv, engine};

struct State {
    ctx: WasiCtx,
    table: ResourceTable,
}

impl WasiView for State {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        WasiCtxView { ctx: &mut self.ctx, table: &mut self.table }
    }
}

/// Runs the command `component` (its bytes) under the name `program`, with the standard streams of this process. Gives the status that
/// it ends with.
///
/// # Errors
/// The component is not valid, imports what is not there, or traps; a folder of `env` cannot be opened; an argument is not UTF-8.
pub fn run(component: &[u8], program: &str, args: &[impl AsRef<OsStr>], env: &HostEnv) -> Result<ExitCode> {
    let text = |arg: &OsStr| arg.to_str().map(str::to_owned).context("an argument is not valid UTF-8");
    let args = args.iter().map(|arg| text(arg.as_ref())).collect::<Result<Vec<String>>>()?;
    run_with(component, program, &args, env)
}

// Not generic: what is generic is compiled into each crate that calls it, and here that is half of wasmtime-wasi.
fn run_with(component: &[u8], program: &str, args: &[String], env: &HostEnv) -> Result<ExitCode> {
    let engine = engine()?;
    let component = Component::new(&engine, component)?;
    let mut linker = Linker::new(&engine);
    wasmtime_wasi::p2::add_to_linker_sync(&mut linker)?;

    let mut ctx = env.context()?;
    ctx.inherit_stdin().arg(program).args(args);
    let mut store = Store::new(&engine, State { ctx: ctx.build(), table: ResourceTable::new() });
    clear_before_entry(&mut store);
    let command = Command::instantiate(&mut store, &component, &linker)?;
    match command.wasi_cli_run().call_run(&mut store) {
        Ok(result) => Ok(if result.is_ok() { ExitCode::SUCCESS } else { ExitCode::FAILURE }),
        Err(error) => match error.downcast_ref::<I32Exit>() {
            Some(exit) => Ok(ExitCode::from(exit.0.clamp(0, 255) as u8)),
            None => Err(error.into()),
        },
    }
}
