//! `spin:postgres`, over a connection of tokio-postgres.

use std::pin::pin;
use std::sync::Arc;

use tokio::sync::{mpsc, oneshot};
use tokio_postgres::{Client, RowStream};
use wasmtime::component::{Accessor, FutureReader, Resource, StreamReader};

use super::bindings::spin::postgres::postgres::{
    Column, DbError, DbValue, Error, Host, HostConnection, HostConnectionBuilder, HostConnectionBuilderWithStore,
    HostConnectionWithStore, ParameterValue, QueryError, RowSet,
};
use super::stream::{QUEUE, Rows};
use super::tls::Target;
use super::{Databases, View, deadline, values};

/// An open connection.
#[derive(Clone)]
pub struct Connection {
    client: Arc<Client>,
    target: Arc<Target>,
}

/// A connection that is described.
#[derive(Clone)]
pub struct Builder {
    address: String,
    /// Certificates that the component trusts in place of the host's, in PEM.
    roots: Option<String>,
}

impl Builder {
    fn new(address: String) -> Self {
        Self { address, roots: None }
    }
}

impl Connection {
    async fn open(databases: &Databases, Builder { address, roots }: Builder) -> Result<Self, Error> {
        if databases.postgres.as_ref() != Some(&address) {
            return Err(Error::ConnectionFailed(format!("address {address} is not permitted")));
        }
        let failed = |error: tokio_postgres::Error| Error::ConnectionFailed(format!("{error:?}"));
        let config = deadline::config(&address).map_err(failed)?;
        let target = Target { config, roots: roots.or_else(|| databases.postgres_roots.clone()) };
        let client = deadline::connect(&target).await.map_err(Error::ConnectionFailed)?.map_err(failed)?;
        Ok(Self { client: Arc::new(client), target: Arc::new(target) })
    }

    /// What `work` over this connection gives, or that the server is gone.
    async fn answered<T>(&self, work: impl Future<Output = T>) -> Result<T, Error> {
        deadline::answered(&self.target, work).await.map_err(|error| Error::QueryFailed(QueryError::Text(error)))
    }

    async fn rows(&self, statement: &str, parameters: Vec<ParameterValue>) -> Result<RowStream, Error> {
        let parameters = values::parameters(parameters)?;
        self.answered(self.client.query_raw(statement, parameters)).await?.map_err(query_failed)
    }

    /// The next row of a stream: `futures`' extension trait is not worth a dependency.
    async fn next(&self, rows: &mut std::pin::Pin<&mut RowStream>) -> Option<Result<tokio_postgres::Row, Error>> {
        use futures_core::Stream;
        let next = std::future::poll_fn(|cx| rows.as_mut().poll_next(cx));
        match self.answered(next).await {
            Ok(row) => Some(row?.map_err(query_failed)),
            Err(error) => Some(Err(error)),
        }
    }
}

fn query_failed(error: tokio_postgres::Error) -> Error {
    let as_text = format!("{error:?}");
    let Some(found) = error.as_db_error() else { return Error::QueryFailed(QueryError::Text(as_text)) };
    Error::QueryFailed(QueryError::DbError(DbError {
        as_text,
        severity: found.severity().to_owned(),
        code: found.code().code().to_owned(),
        message: found.message().to_owned(),
        detail: found.detail().map(str::to_owned),
        extras: Vec::new(),
    }))
}

impl View<'_> {
    fn push(&mut self, connection: Connection) -> Result<Resource<Connection>, Error> {
        self.table.push(connection).map_err(|error| Error::ConnectionFailed(error.to_string()))
    }

    fn postgres(&self, connection: &Resource<Connection>) -> Result<Connection, Error> {
        self.table.get(connection).cloned().map_err(|error| Error::ConnectionFailed(error.to_string()))
    }

    fn builder(&self, builder: &Resource<Builder>) -> Result<Builder, Error> {
        self.table.get(builder).cloned().map_err(|error| Error::ConnectionFailed(error.to_string()))
    }
}

impl Host for View<'_> {}

impl HostConnectionBuilder for View<'_> {
    async fn new(&mut self, address: String) -> Resource<Builder> {
        // The table of a store has room for far more than a component has memory.
        self.table.push(Builder::new(address)).unwrap_or_else(|_| Resource::new_own(u32::MAX))
    }

    async fn set_ca_root(&mut self, builder: Resource<Builder>, pem: String) -> Result<(), Error> {
        let builder = self.table.get_mut(&builder).map_err(|error| Error::Other(error.to_string()))?;
        builder.roots = Some(pem);
        Ok(())
    }

    async fn build(&mut self, builder: Resource<Builder>) -> Result<Resource<Connection>, Error> {
        let builder = self.builder(&builder)?;
        let connection = Connection::open(self.databases, builder).await?;
        self.push(connection)
    }

    async fn drop(&mut self, builder: Resource<Builder>) -> wasmtime::Result<()> {
        self.table.delete(builder)?;
        Ok(())
    }
}

impl HostConnection for View<'_> {
    async fn open(&mut self, address: String) -> Result<Resource<Connection>, Error> {
        let connection = Connection::open(self.databases, Builder::new(address)).await?;
        self.push(connection)
    }

    async fn query(
        &mut self,
        connection: Resource<Connection>,
        statement: String,
        parameters: Vec<ParameterValue>,
    ) -> Result<RowSet, Error> {
        let connection = self.postgres(&connection)?;
        let mut stream = pin!(connection.rows(&statement, parameters).await?);
        let mut set = RowSet { columns: Vec::new(), rows: Vec::new() };
        while let Some(row) = connection.next(&mut stream).await {
            let row = row?;
            set.columns = if set.rows.is_empty() { values::columns(&row) } else { set.columns };
            set.rows.push(values::row(&row)?);
        }
        Ok(set)
    }

    async fn execute(
        &mut self,
        connection: Resource<Connection>,
        statement: String,
        parameters: Vec<ParameterValue>,
    ) -> Result<u64, Error> {
        execute(self.postgres(&connection)?, statement, parameters).await
    }

    async fn drop(&mut self, connection: Resource<Connection>) -> wasmtime::Result<()> {
        self.table.delete(connection)?;
        Ok(())
    }
}

async fn execute(connection: Connection, statement: String, parameters: Vec<ParameterValue>) -> Result<u64, Error> {
    let parameters = values::parameters(parameters)?;
    connection.answered(connection.client.execute_raw(&statement, parameters)).await?.map_err(query_failed)
}

type Streamed = (Vec<Column>, StreamReader<Vec<DbValue>>, FutureReader<Result<(), Error>>);

async fn open<T: Send + 'static>(
    accessor: &Accessor<T, super::Host>,
    builder: Builder,
) -> Result<Resource<Connection>, Error> {
    let databases = accessor.with(|mut access| access.get().databases.clone());
    let connection = Connection::open(&databases, builder).await?;
    accessor.with(|mut access| access.get().push(connection))
}

impl<T: Send + 'static> HostConnectionBuilderWithStore<T> for super::Host {
    async fn build_async(
        accessor: &Accessor<T, Self>,
        builder: Resource<Builder>,
    ) -> Result<Resource<Connection>, Error> {
        let builder = accessor.with(|mut access| access.get().builder(&builder))?;
        open(accessor, builder).await
    }
}

impl<T: Send + 'static> HostConnectionWithStore<T> for super::Host {
    async fn open_async(accessor: &Accessor<T, Self>, address: String) -> Result<Resource<Connection>, Error> {
        open(accessor, Builder::new(address)).await
    }

    async fn query_async(
        accessor: &Accessor<T, Self>,
        connection: Resource<Connection>,
        statement: String,
        parameters: Vec<ParameterValue>,
    ) -> Result<Streamed, Error> {
        let connection = accessor.with(|mut access| access.get().postgres(&connection))?;
        let rows = connection.rows(&statement, parameters).await?;
        let (send_columns, columns) = oneshot::channel();
        let (send_row, received) = mpsc::channel(QUEUE);
        let (send_result, result) = oneshot::channel();
        tokio::spawn(async move {
            let mut rows = pin!(rows);
            let mut send_columns = Some(send_columns);
            let ended = loop {
                let Some(row) = connection.next(&mut rows).await else { break Ok(()) };
                let values = row.and_then(|row| {
                    if let Some(send) = send_columns.take() {
                        // Nobody may be interested, here and below.
                        let _ = send.send(values::columns(&row));
                    }
                    values::row(&row)
                });
                match values {
                    Ok(values) => {
                        if send_row.send(values).await.is_err() {
                            break Ok(());
                        }
                    }
                    Err(error) => break Err(error),
                }
            };
            drop((send_columns, send_row));
            let _ = send_result.send(ended);
        });
        let columns = columns.await.unwrap_or_default();
        let streamed = accessor.with(|mut access| {
            let rows = StreamReader::new(&mut access, Rows(received))?;
            wasmtime::Result::Ok((columns, rows, FutureReader::new(&mut access, result)?))
        });
        streamed.map_err(|error: wasmtime::Error| Error::Other(error.to_string()))
    }

    async fn execute_async(
        accessor: &Accessor<T, Self>,
        connection: Resource<Connection>,
        statement: String,
        parameters: Vec<ParameterValue>,
    ) -> Result<u64, Error> {
        let connection = accessor.with(|mut access| access.get().postgres(&connection))?;
        execute(connection, statement, parameters).await
    }
}
