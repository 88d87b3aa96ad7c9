//! Connections to PostgreSQL, encrypted where the address asks for it.
//!
//! With `sslmode=require` the connection is encrypted, and the server must have a certificate for the name in the address that the platform
//! trusts. That is what libpq calls `verify-full`: a connection to whoever has taken the server's place is worth nothing. Any other
//! `sslmode` is a connection in plain text, also the default.

use std::sync::Arc;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};
use rustls_platform_verifier::BuilderVerifierExt;
use tokio_postgres::config::SslMode;
use tokio_postgres::{Client, Config, NoTls};
use tokio_postgres_rustls::MakeRustlsConnect;

/// Where and how to connect.
#[derive(Clone, Debug)]
pub struct Target {
    /// The parsed address.
    pub config: Config,
    /// Certificates in PEM that are trusted in place of those of the platform.
    pub roots: Option<String>,
}

impl Target {
    /// Connects. What the server sends is read by a task that ends with the client.
    ///
    /// # Errors
    /// The outer one where there is no TLS to be had; the inner one is PostgreSQL's.
    pub async fn connect(&self) -> Result<Result<Client, tokio_postgres::Error>, String> {
        if self.config.get_ssl_mode() != SslMode::Require {
            return Ok(self.config.connect(NoTls).await.map(|(client, connection)| {
                tokio::spawn(connection);
                client
            }));
        }
        let tls = MakeRustlsConnect::new(self.tls()?);
        Ok(self.config.connect(tls).await.map(|(client, connection)| {
            tokio::spawn(connection);
            client
        }))
    }

    fn tls(&self) -> Result<ClientConfig, String> {
        let failed = |error: rustls::Error| format!("TLS cannot be set up: {error}");
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let builder =
            ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions().map_err(failed)?;
        let builder = match &self.roots {
            None => builder.with_platform_verifier().map_err(failed)?,
            Some(pem) => builder.with_root_certificates(read(pem)?),
        };
        Ok(builder.with_no_client_auth())
    }
}

/// The certificates in a PEM file.
fn read(pem: &str) -> Result<RootCertStore, String> {
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(pem.as_bytes()) {
        let certificate = certificate.map_err(|error| format!("the trusted certificates are no PEM: {error:?}"))?;
        roots.add(certificate).map_err(|error| format!("a trusted certificate cannot be used: {error}"))?;
    }
    match roots.is_empty() {
        true => Err("there is no certificate in the PEM of trusted ones".to_owned()),
        false => Ok(roots),
    }
}

#[cfg(test)]
mod tests;
