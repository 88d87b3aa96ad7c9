//! Spin's databases, for components that ask for them: SQLite in a file, as Spin keeps it, and a PostgreSQL that runs elsewhere.
//!
//! The interfaces are Spin's own, and so is what matters behind them: a connection for each `open`, SQLite's settings as they are out
//! of the box (with the five seconds that rusqlite waits for a lock), a PostgreSQL that must answer in time, rows handed over one by one through a queue of four, errors as
//! text. What Spin shows as an error of its own kind, this does too.

mod deadline;
// Spin's error of PostgreSQL has all that PostgreSQL says.
#[allow(clippy::result_large_err)]
mod postgres;
mod sqlite;
mod stream;
mod tls;
#[allow(clippy::result_large_err)]
mod values;
mod variables;

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;

use wasmtime::component::{HasData, Linker, ResourceTable};

mod bindings {
    wasmtime::component::bindgen!({
        path: "wit",
        world: "minilm:host/databases",
        imports: { default: async },
        with: {
            "spin:sqlite/sqlite.connection": super::sqlite::Connection,
            "spin:postgres/postgres.connection": super::postgres::Connection,
            "spin:postgres/postgres.connection-builder": super::postgres::Builder,
        },
    });
}

/// Which databases a component may open.
#[derive(Clone, Debug, Default)]
pub struct Databases {
    /// The file behind the SQLite database `default`.
    pub sqlite: Option<PathBuf>,
    /// Most pages of that file: what stands for a disk that is full.
    pub sqlite_pages: Option<u32>,
    /// The address of PostgreSQL, exactly as the component has to write it.
    pub postgres: Option<String>,
    /// Certificates in PEM that a PostgreSQL with `sslmode=require` in its address is checked against; those of the platform where there
    /// are none.
    pub postgres_roots: Option<String>,
    /// Spin's variables.
    pub variables: HashMap<String, String>,
}

/// What the interfaces work on.
pub struct View<'a> {
    /// What may be opened.
    pub databases: &'a Arc<Databases>,
    /// What is open.
    pub table: &'a mut ResourceTable,
}

/// The hosts of both interfaces, over a [`View`].
pub struct Host;

impl HasData for Host {
    type Data<'a> = View<'a>;
}

/// Gives the interfaces to components, `view` being where their state is found.
pub fn add_to_linker<T: Send + 'static>(linker: &mut Linker<T>, view: fn(&mut T) -> View<'_>) -> wasmtime::Result<()> {
    bindings::spin::sqlite::sqlite::add_to_linker::<T, Host>(linker, view)?;
    bindings::spin::postgres::postgres::add_to_linker::<T, Host>(linker, view)?;
    bindings::spin::variables::variables::add_to_linker::<T, Host>(linker, view)
}
