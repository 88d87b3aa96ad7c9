//! Which store an instance has.

use super::Store;
#[cfg(feature = "index")]
use super::index_file;
#[cfg(all(feature = "spin", target_family = "wasm"))]
use super::{postgres, sqlite};
use crate::settings::{Settings, StoreKind};

/// The store that the settings name.
///
/// # Errors
/// This build has no such store.
pub fn from_settings(settings: &Settings) -> Result<Box<dyn Store + Send + Sync>, String> {
    match &settings.store {
        #[cfg(all(feature = "spin", target_family = "wasm"))]
        StoreKind::Sqlite => Ok(Box::new(sqlite::Sqlite::new(sqlite::spin::database(&settings.sqlite_database)))),
        #[cfg(all(feature = "spin", target_family = "wasm"))]
        StoreKind::Postgres => Ok(Box::new(postgres::Postgres::new(settings.postgres_url.clone()))),
        #[cfg(feature = "index")]
        StoreKind::Index => Ok(Box::new(index_file::IndexFile::new(&settings.index_file))),
        #[allow(unreachable_patterns)]
        other => Err(format!("STORE is `{other}`, which this component was built without")),
    }
}
