//! `spin:postgres`, over a connection of tokio-postgres.

use std::pin::pin;
use std::sync::Arc;

use tokio::sync::{mpsc, oneshot};
use tokio_postgres::{Client, Config, RowStream};
use wasmtime::component::{Accessor, FutureReader, Resource, StreamReader};

use super::bindings::spin::postgres::postgres::{
    Column, DbError, DbValue, Error, Host, HostConnection, HostConnectionBuilder, HostConnectionBuilderWithStore,
    HostConnectionWithStore, ParameterValue, QueryError, RowSet,
};
use super::stream::{QUEUE, Rows};
use super::{Databases, View, deadline, values};

/// An open connection.
#[derive(Clone)]
pub struct Connection {
    client: Arc<Client>,
    config: Arc<Config>,
}

/// A connection that is described.
pub struct Builder {
    address: String,
}

impl Connection {
    async fn open(databases: &Databases, address: &str) -> Result<Self, Error> {
        if databases.postgres.as_deref() != Some(address) {
            return Err(Error::ConnectionFailed(format!("address {address} is not permitted")));
        }
        let failed = |error: tokio_postgres::Error| Error::ConnectionFailed(format!("{error:?}"));
        let config = deadline::config(address).map_err(failed)?;
        let connected = deadline::connect(&config).await.map_err(Error::ConnectionFailed)?;
        let (client, connection) = connected.map_err(failed)?;
        // It ends with the client, and tells the client of its errors.
        tokio::spawn(connection);
        Ok(Self { client: Arc::new(client), config: Arc::new(config) })
    }

    /// What `work` over this connection gives, or that the server is gone.
    async fn answered<T>(&self, work: impl Future<Output = T>) -> Result<T, Error> {
        deadline::answered(&self.config, work).await.map_err(|error| Error::QueryFailed(QueryError::Text(error)))
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

    fn address(&self, builder: &Resource<Builder>) -> Result<String, Error> {
        let builder = self.table.get(builder).map_err(|error| Error::ConnectionFailed(error.to_string()))?;
        Ok(builder.address.clone())
    }
}

impl Host for View<'_> {}

impl HostConnectionBuilder for View<'_> {
    async fn new(&mut self, address: String) -> Resource<Builder> {
        // The table of a store has room for far more than a component has memory.
        self.table.push(Builder { address }).unwrap_or_else(|_| Resource::new_own(u32::MAX))
    }

    async fn set_ca_root(&mut self, _: Resource<Builder>, _: String) -> Result<(), Error> {
        Err(Error::Other("this host has no TLS".to_owned()))
    }

    async fn build(&mut self, builder: Resource<Builder>) -> Result<Resource<Connection>, Error> {
        let address = self.address(&builder)?;
        let connection = Connection::open(self.databases, &address).await?;
        self.push(connection)
    }

    async fn drop(&mut self, builder: Resource<Builder>) -> wasmtime::Result<()> {
        self.table.delete(builder)?;
        Ok(())
    }
}

impl HostConnection for View<'_> {
    async fn open(&mut self, address: String) -> Result<Resource<Connection>, Error> {
        let connection = Connection::open(self.databases, &address).await?;
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

impl<T: Send + 'static> HostConnectionBuilderWithStore<T> for super::Host {
    async fn build_async(
        accessor: &Accessor<T, Self>,
        builder: Resource<Builder>,
    ) -> Result<Resource<Connection>, Error> {
        let address = accessor.with(|mut access| access.get().address(&builder))?;
        Self::open_async(accessor, address).await
    }
}

impl<T: Send + 'static> HostConnectionWithStore<T> for super::Host {
    async fn open_async(accessor: &Accessor<T, Self>, address: String) -> Result<Resource<Connection>, Error> {
        let databases = accessor.with(|mut access| access.get().databases.clone());
        let connection = Connection::open(&databases, &address).await?;
        accessor.with(|mut access| access.get().push(connection))
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
