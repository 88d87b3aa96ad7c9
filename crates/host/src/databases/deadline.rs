//! How long a database may say nothing.

use std::pin::pin;
use std::time::Duration;

use tokio::time::{sleep, timeout};
use tokio_postgres::{Client, Config};

use super::tls::Target;

/// How long PostgreSQL may take, from the socket to the end of the handshake, where the address does not say `connect_timeout=…`. A server
/// that accepts and says nothing is noticed here.
const CONNECT: Duration = Duration::from_secs(3);

/// How long a statement may take before PostgreSQL itself ends it, where the address does not say `options=-c statement_timeout=…`. A
/// component may set another value for what takes longer.
const STATEMENT: Duration = Duration::from_secs(10);

/// How long a connection may be silent before it is asked whether the server is still there.
const SILENCE: Duration = Duration::from_secs(11);

/// The connection that `address` describes, with both limits.
///
/// # Errors
/// The address is none.
pub fn config(address: &str) -> Result<Config, tokio_postgres::Error> {
    let mut config: Config = address.parse()?;
    let statement = format!("-c statement_timeout={}", STATEMENT.as_millis());
    // The last one counts, so that of the address does.
    let options = match config.get_options() {
        Some(options) => format!("{statement} {options}"),
        None => statement,
    };
    config.options(options);
    Ok(config)
}

/// Connects, in time: a connection, or PostgreSQL's refusal of one.
///
/// # Errors
/// There was no answer by then, or there is no TLS to be had.
pub async fn connect(target: &Target) -> Result<Result<Client, tokio_postgres::Error>, String> {
    let limit = target.config.get_connect_timeout().copied().unwrap_or(CONNECT);
    let late = |_| format!("PostgreSQL accepts no connection within {} s", limit.as_secs());
    timeout(limit, target.connect()).await.map_err(late)?
}

/// What `work` gives, however long that takes, as long as the server of `target` accepts connections: a statement that waits or computes
/// is ended by the server, and only a server that is gone never ends it.
///
/// # Errors
/// The server is gone.
pub async fn answered<T>(target: &Target, work: impl Future<Output = T>) -> Result<T, String> {
    let mut work = pin!(work);
    loop {
        tokio::select! {
            // What is there already needs no timer.
            biased;
            given = work.as_mut() => return Ok(given),
            () = sleep(SILENCE) => {}
        }
        // A refusal is an answer too: of a server that has no room, for instance.
        if let Err(error) = connect(target).await?
            && error.as_db_error().is_none()
        {
            return Err(format!("PostgreSQL is gone: {error}"));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::config;

    #[test]
    fn the_limit_of_the_address_comes_last() {
        let plain = config("postgres://u@h/d").expect("an address");
        assert_eq!(plain.get_options(), Some("-c statement_timeout=10000"));
        let own = config("host=h user=u options='-c statement_timeout=7'").expect("an address");
        assert_eq!(own.get_options(), Some("-c statement_timeout=10000 -c statement_timeout=7"));
    }
}
