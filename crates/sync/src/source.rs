//! The collection, and its documents as the knowledge base reads them.

use anyhow::{Context, Result};
use bson::{Bson, Document, doc};
use minilm_documents::Document as Parsed;
use mongodb::change_stream::event::{ChangeStreamEvent, ResumeToken};
use mongodb::error::{Error, ErrorKind};
use mongodb::options::{ClientOptions, FullDocumentType, Tls};
use mongodb::sync::{ChangeStream, Client};
use std::time::Duration;

/// How long the server may wait for a change before it answers that there is none: how long a change may wait for more.
const AWAIT: Duration = Duration::from_millis(250);

/// Changes of the collection.
pub type Changes = ChangeStream<ChangeStreamEvent<Document>>;

/// A collection of MongoDB.
pub struct Collection {
    inner: mongodb::sync::Collection<Document>,
}

/// A document as one line of JSON, and its id in the knowledge base.
#[derive(Clone, Debug, PartialEq)]
pub struct Line {
    pub id: String,
    pub json: String,
}

impl Collection {
    pub fn new(client: &Client, database: &str, collection: &str) -> Self {
        Self { inner: client.database(database).collection(collection) }
    }

    /// All documents, in the order of their ids.
    pub fn all(&self) -> Result<impl Iterator<Item = Result<Result<Line, Unsendable>>>> {
        let cursor = self.inner.find(doc! {}).sort(doc! { "_id": 1 }).run().context("MongoDB")?;
        Ok(cursor.map(|document| Ok(line(document.context("MongoDB")?))))
    }

    /// Changes from `token` on; from now on without one.
    pub fn changes(&self, token: Option<ResumeToken>) -> Result<Changes> {
        let watch = self.inner.watch().full_document(FullDocumentType::UpdateLookup).max_await_time(AWAIT);
        let opened = match token {
            Some(token) => watch.resume_after(token).run(),
            None => watch.run(),
        };
        opened.context("MongoDB")
    }
}

/// Connects to `uri`. Where it asks for TLS and names no certificates of its own, those count that this machine trusts.
pub fn connect(uri: &str) -> Result<Client, Error> {
    let mut options = ClientOptions::parse(uri).run()?;
    if let Some(Tls::Enabled(tls)) = &mut options.tls
        && tls.ca_file_path.is_none()
    {
        tls.ca_file_path = openssl_probe::probe().cert_file;
    }
    Client::with_options(options)
}

/// A document as `mongoexport` writes it.
///
/// # Errors
/// Why it cannot be sent, with its id.
pub fn line(document: Document) -> Result<Line, Unsendable> {
    let id = document.get("_id").map_or_else(|| "(none)".to_owned(), |id| format!("{:.100}", id.to_string()));
    let json = Bson::Document(document).into_relaxed_extjson().to_string();
    match Parsed::from_json(&json) {
        Ok(parsed) => Ok(Line { id: parsed.id, json }),
        Err(error) => Err(Unsendable { id, reason: error.to_string() }),
    }
}

/// A document that can never be sent, however often it is tried.
#[derive(Debug, thiserror::Error)]
#[error("document `{id}` cannot be sent: {reason}")]
pub struct Unsendable {
    id: String,
    reason: String,
}

/// The id in the key of a changed document.
pub fn id(key: Document) -> Result<String, Unsendable> {
    let id = key.get("_id").cloned().unwrap_or(Bson::Null);
    Ok(line(doc! { "_id": id })?.id)
}

/// What an error about a change stream means.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Trouble {
    /// The server has no change streams.
    NoChangeStreams,
    /// The server no longer knows what happened after the token.
    TooOld,
    /// Anything else: worth another try.
    Other,
}

impl Trouble {
    pub fn of(error: &Error) -> Self {
        let ErrorKind::Command(command) = &*error.kind else { return Self::Other };
        match command.code {
            // Not a replica set; no such stage; no such command; not supported by a service that is like MongoDB.
            40573 | 40324 | 59 | 238 | 303 => Self::NoChangeStreams,
            // ChangeStreamHistoryLost, InvalidResumeToken, ChangeStreamFatalError, BSONObjectTooLarge: an event that no client can read.
            286 | 260 | 280 | 10334 => Self::TooOld,
            _ => Self::Other,
        }
    }
}

#[cfg(test)]
mod tests {
    use bson::oid::ObjectId;
    use bson::{DateTime, Uuid};

    use super::*;

    #[test]
    fn documents_are_as_mongoexport_writes_them() {
        let id = ObjectId::from_bytes([0xab; 12]);
        let document = doc! { "_id": id, "question": "Why?", "n": 5_i64, "x": 0.1, "at": DateTime::from_millis(0) };
        let found = line(document).expect("JSON");
        assert_eq!(found.id, "ab".repeat(12));
        let expected = r#"{"_id":{"$oid":"abababababababababababab"},"question":"Why?","n":5,"x":0.1,"at":{"$date":"1970-01-01T00:00:00Z"}}"#;
        let parse = |text: &str| serde_json::from_str::<serde_json::Value>(text).expect("JSON");
        assert_eq!(parse(&found.json), parse(expected));
    }

    #[test]
    fn a_key_has_the_id_of_its_document() {
        for key in [
            Bson::from("a"),
            7.into(),
            7_i64.into(),
            1.5.into(),
            Uuid::from_bytes([1; 16]).into(),
            doc! { "shop": 1, "sku": "x" }.into(),
        ] {
            let document = doc! { "_id": key.clone(), "question": "Why?" };
            assert_eq!(id(doc! { "_id": key }).expect("an id"), line(document).expect("JSON").id);
        }
        assert!(id(doc! {}).is_err());
        let error =
            line(doc! { "_id": "x".repeat(600), "question": "private" }).expect_err("too long an id").to_string();
        assert!(error.len() < 300 && error.contains("the limit is 512") && !error.contains("private"), "{error}");
    }
}
