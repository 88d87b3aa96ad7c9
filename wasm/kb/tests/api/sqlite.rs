//! A SQLite in memory or in a file, that counts statements and can be told to fail.

use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use minilm_kb::sqlite::{Connection, Database, DbError, Row, Value};
use rusqlite::types::ValueRef;
use rusqlite::{Error, params_from_iter};

/// A database that all connections share, and what was done with it.
#[derive(Clone)]
pub struct Shared(Arc<Inner>);

struct Inner {
    db: Result<Mutex<rusqlite::Connection>, DbError>,
    connections: AtomicUsize,
    statements: AtomicUsize,
    /// What is run before the statement of that number, counted down.
    between: Mutex<Option<(usize, String)>>,
    /// Statements until all fail, as they do when a process is killed; without end where it is `usize::MAX`.
    left: AtomicUsize,
    /// Milliseconds that each statement takes at least.
    delay: AtomicU64,
}

impl Shared {
    /// A database in memory.
    pub fn in_memory() -> Self {
        Self::of(rusqlite::Connection::open_in_memory().map_err(|error| failed(&error)).map(Mutex::new))
    }

    /// The database in a file.
    pub fn file(path: PathBuf) -> Self {
        Self::of(rusqlite::Connection::open(path).map_err(|error| failed(&error)).map(Mutex::new))
    }

    /// One that cannot be opened.
    pub fn failing(error: DbError) -> Self {
        Self::of(Err(error))
    }

    fn of(db: Result<Mutex<rusqlite::Connection>, DbError>) -> Self {
        let (connections, statements) = (AtomicUsize::new(0), AtomicUsize::new(0));
        let left = AtomicUsize::new(usize::MAX);
        Self(Arc::new(Inner { db, connections, statements, between: Mutex::default(), left, delay: AtomicU64::new(0) }))
    }

    /// Connections and statements since the last call.
    pub fn counts(&self) -> (usize, usize) {
        (self.0.connections.swap(0, Ordering::SeqCst), self.0.statements.swap(0, Ordering::SeqCst))
    }

    /// Runs `sql` after so many statements, as another writer would between them.
    pub fn run_after(&self, statements: usize, sql: &str) {
        *lock(&self.0.between) = Some((statements, sql.to_owned()));
    }

    /// Has all statements fail after so many.
    pub fn fail_after(&self, statements: usize) {
        self.0.left.store(statements, Ordering::SeqCst);
    }

    /// Has each statement take so many milliseconds at least.
    pub fn slow_down(&self, milliseconds: u64) {
        self.0.delay.store(milliseconds, Ordering::SeqCst);
    }

    /// Runs statements of the test itself.
    pub fn batch(&self, sql: &str) {
        let db = self.0.db.as_ref().expect("it is open");
        lock(db).execute_batch(sql).expect("the statements are right");
    }

    /// One value.
    pub fn value<T: rusqlite::types::FromSql>(&self, sql: &str) -> T {
        let db = self.0.db.as_ref().expect("it is open");
        lock(db).query_row(sql, [], |row| row.get(0)).expect("there is a row")
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[async_trait(?Send)]
impl Database for Shared {
    fn name(&self) -> &str {
        "default"
    }

    async fn open(&self) -> Result<Box<dyn Connection>, DbError> {
        self.0.connections.fetch_add(1, Ordering::SeqCst);
        self.0.db.as_ref().map_err(Clone::clone)?;
        Ok(Box::new(self.clone()))
    }
}

#[async_trait(?Send)]
impl Connection for Shared {
    async fn run(&self, statement: &str, parameters: Vec<Value>) -> Result<Vec<Row>, DbError> {
        self.0.statements.fetch_add(1, Ordering::SeqCst);
        std::thread::sleep(Duration::from_millis(self.0.delay.load(Ordering::SeqCst)));
        let left = |left: usize| if left == usize::MAX { Some(left) } else { left.checked_sub(1) };
        self.0.left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, left).map_err(|_| DbError::Closed)?;
        let db = lock(self.0.db.as_ref().map_err(Clone::clone)?);
        let mut between = lock(&self.0.between);
        match &mut *between {
            Some((0, sql)) => {
                db.execute_batch(sql).expect("the statements are right");
                *between = None;
            }
            Some((left, _)) => *left -= 1,
            None => {}
        }
        query(&db, statement, parameters).map_err(|error| failed(&error))
    }
}

/// The rows of a statement.
pub fn query(db: &rusqlite::Connection, statement: &str, parameters: Vec<Value>) -> Result<Vec<Row>, Error> {
    let mut statement = db.prepare(statement)?;
    let columns = statement.column_count();
    let parameters = parameters.into_iter().map(|value| match value {
        Value::Null => rusqlite::types::Value::Null,
        Value::Integer(value) => value.into(),
        Value::Real(value) => value.into(),
        Value::Text(value) => value.into(),
        Value::Blob(value) => value.into(),
    });
    let mut rows = statement.query(params_from_iter(parameters))?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        let value = |column| {
            Ok(match row.get_ref(column)? {
                ValueRef::Null => Value::Null,
                ValueRef::Integer(value) => Value::Integer(value),
                ValueRef::Real(value) => Value::Real(value),
                ValueRef::Text(value) => Value::Text(String::from_utf8_lossy(value).into_owned()),
                ValueRef::Blob(value) => Value::Blob(value.to_vec()),
            })
        };
        found.push((0..columns).map(value).collect::<Result<_, Error>>()?);
    }
    Ok(found)
}

/// As hosts do it, which have SQLite's errors as text only.
pub fn failed(error: &Error) -> DbError {
    DbError::Sqlite(match error {
        Error::SqliteFailure(_, Some(text)) => text.clone(),
        other => other.to_string(),
    })
}
