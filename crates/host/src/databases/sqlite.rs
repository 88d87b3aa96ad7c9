//! `spin:sqlite`, over SQLite itself.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use rusqlite::hooks::{AuthAction, AuthContext, Authorization};
use rusqlite::types::{Value as SqlValue, ValueRef};
use tokio::sync::{mpsc, oneshot};
use wasmtime::component::{Accessor, FutureReader, Resource, StreamReader};

use super::bindings::spin::sqlite::sqlite::{
    Error, Host, HostConnection, HostConnectionWithStore, QueryResult, RowResult, Value,
};
use super::stream::{QUEUE, Rows};
use super::{Databases, View};

/// A connection that opens its file when it is first used.
#[derive(Clone)]
pub struct Connection {
    path: PathBuf,
    pages: Option<u32>,
    opened: Arc<OnceLock<Mutex<rusqlite::Connection>>>,
}

impl Connection {
    fn new(databases: &Databases, name: &str) -> Result<Self, Error> {
        let path = databases.sqlite.clone().ok_or(Error::AccessDenied)?;
        if name != "default" {
            return Err(Error::AccessDenied);
        }
        Ok(Self { path, pages: databases.sqlite_pages, opened: Arc::default() })
    }

    fn lock(&self) -> Result<MutexGuard<'_, rusqlite::Connection>, Error> {
        let opened = match self.opened.get() {
            Some(opened) => opened,
            None => {
                let opened = self.open().map_err(io)?;
                self.opened.get_or_init(|| Mutex::new(opened))
            }
        };
        Ok(opened.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn open(&self) -> rusqlite::Result<rusqlite::Connection> {
        let connection = rusqlite::Connection::open(&self.path)?;
        if let Some(pages) = self.pages {
            connection.pragma_update(None, "max_page_count", pages)?;
        }
        // Other files of this machine are none of the component's business.
        connection.authorizer(Some(|context: AuthContext<'_>| match context.action {
            AuthAction::Attach { filename } if !matches!(filename, "" | ":memory:") => Authorization::Deny,
            _ => Authorization::Allow,
        }))?;
        Ok(connection)
    }

    /// Runs a statement and hands its columns, once, and its rows over.
    fn run(
        &self,
        statement: &str,
        parameters: Vec<Value>,
        columns: impl FnOnce(Vec<String>),
        mut row: impl FnMut(RowResult) -> bool,
    ) -> Result<(), Error> {
        let connection = self.lock()?;
        let mut statement = connection.prepare_cached(statement).map_err(io)?;
        columns(statement.column_names().into_iter().map(str::to_owned).collect());
        let count = statement.column_count();
        let parameters = rusqlite::params_from_iter(parameters.into_iter().map(parameter));
        let mut rows = statement.query(parameters).map_err(io)?;
        while let Some(found) = rows.next().map_err(io)? {
            let values = (0..count).map(|column| found.get_ref(column).map_err(io).and_then(value));
            if !row(RowResult { values: values.collect::<Result<_, _>>()? }) {
                return Err(Error::Io("nobody reads the rows".to_owned()));
            }
        }
        Ok(())
    }
}

fn io(error: rusqlite::Error) -> Error {
    Error::Io(error.to_string())
}

fn parameter(value: Value) -> SqlValue {
    match value {
        Value::Integer(value) => SqlValue::Integer(value),
        Value::Real(value) => SqlValue::Real(value),
        Value::Text(value) => SqlValue::Text(value),
        Value::Blob(value) => SqlValue::Blob(value),
        Value::Null => SqlValue::Null,
    }
}

fn value(value: ValueRef<'_>) -> Result<Value, Error> {
    Ok(match value {
        ValueRef::Integer(value) => Value::Integer(value),
        ValueRef::Real(value) => Value::Real(value),
        ValueRef::Text(value) => {
            Value::Text(String::from_utf8(value.to_vec()).map_err(|error| Error::Io(error.to_string()))?)
        }
        ValueRef::Blob(value) => Value::Blob(value.to_vec()),
        ValueRef::Null => Value::Null,
    })
}

/// Does what waits for a disk on a thread for it.
async fn blocking<T: Send + 'static>(work: impl FnOnce() -> Result<T, Error> + Send + 'static) -> Result<T, Error> {
    tokio::task::spawn_blocking(work).await.map_err(|error| Error::Io(error.to_string()))?
}

impl View<'_> {
    fn open_sqlite(&mut self, name: &str) -> Result<Resource<Connection>, Error> {
        let connection = Connection::new(self.databases, name)?;
        self.table.push(connection).map_err(|error| Error::Io(error.to_string()))
    }

    fn sqlite(&self, connection: &Resource<Connection>) -> Result<Connection, Error> {
        self.table.get(connection).cloned().map_err(|_| Error::InvalidConnection)
    }

    /// What a connection counts; 0 where it was never used.
    fn counted<T: Default>(
        &self,
        connection: &Resource<Connection>,
        count: impl FnOnce(&rusqlite::Connection) -> T,
    ) -> T {
        self.sqlite(connection).and_then(|connection| Ok(count(&*connection.lock()?))).unwrap_or_default()
    }
}

impl Host for View<'_> {}

impl HostConnection for View<'_> {
    async fn open(&mut self, database: String) -> Result<Resource<Connection>, Error> {
        self.open_sqlite(&database)
    }

    async fn execute(
        &mut self,
        connection: Resource<Connection>,
        statement: String,
        parameters: Vec<Value>,
    ) -> Result<QueryResult, Error> {
        let connection = self.sqlite(&connection)?;
        blocking(move || {
            let (mut columns, mut rows) = (Vec::new(), Vec::new());
            connection.run(
                &statement,
                parameters,
                |names| columns = names,
                |row| {
                    rows.push(row);
                    true
                },
            )?;
            Ok(QueryResult { columns, rows })
        })
        .await
    }

    async fn last_insert_rowid(&mut self, connection: Resource<Connection>) -> i64 {
        self.counted(&connection, rusqlite::Connection::last_insert_rowid)
    }

    async fn changes(&mut self, connection: Resource<Connection>) -> u64 {
        self.counted(&connection, rusqlite::Connection::changes)
    }

    async fn drop(&mut self, connection: Resource<Connection>) -> wasmtime::Result<()> {
        self.table.delete(connection)?;
        Ok(())
    }
}

type Streamed = (Vec<String>, StreamReader<RowResult>, FutureReader<Result<(), Error>>);

impl<T: Send + 'static> HostConnectionWithStore<T> for super::Host {
    async fn open_async(accessor: &Accessor<T, Self>, database: String) -> Result<Resource<Connection>, Error> {
        accessor.with(|mut access| access.get().open_sqlite(&database))
    }

    async fn execute_async(
        accessor: &Accessor<T, Self>,
        connection: Resource<Connection>,
        statement: String,
        parameters: Vec<Value>,
    ) -> Result<Streamed, Error> {
        let connection = accessor.with(|mut access| access.get().sqlite(&connection))?;
        let (send_columns, columns) = oneshot::channel();
        let (send_row, rows) = mpsc::channel(QUEUE);
        let (send_result, result) = oneshot::channel();
        tokio::task::spawn_blocking(move || {
            let columns = |names| drop(send_columns.send(names));
            let ended = connection.run(&statement, parameters, columns, |row| send_row.blocking_send(row).is_ok());
            drop(send_row);
            // Nobody may be interested.
            let _ = send_result.send(ended);
        });
        // A statement that cannot be prepared has no columns; why is told by the last future.
        let columns = columns.await.unwrap_or_default();
        let streamed = accessor.with(|mut access| {
            let rows = StreamReader::new(&mut access, Rows(rows))?;
            wasmtime::Result::Ok((columns, rows, FutureReader::new(&mut access, result)?))
        });
        streamed.map_err(|error: wasmtime::Error| Error::Io(error.to_string()))
    }

    async fn last_insert_rowid_async(accessor: &Accessor<T, Self>, connection: Resource<Connection>) -> i64 {
        accessor.with(|mut access| access.get().counted(&connection, rusqlite::Connection::last_insert_rowid))
    }

    async fn changes_async(accessor: &Accessor<T, Self>, connection: Resource<Connection>) -> u64 {
        accessor.with(|mut access| access.get().counted(&connection, rusqlite::Connection::changes))
    }
}
