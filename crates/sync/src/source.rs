//! The collection, and its documents as the knowledge base reads them.

use anyhow::{Context, Result};
use bson::{Bson, Document, doc};
use minilm_documents::Document as Parsed;
use mongodb::change_stream::event::{ChangeStreamEvent, ResumeToken};
use mongodb::error::{Error, ErrorKind};
use mongodb::options::FullDocumentType;
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
    pub fn all(&self) -> Result<impl Iterator<Item = Result<Line>>> {
        let cursor = self.inner.find(doc! {}).sort(doc! { "_id": 1 }).run().context("MongoDB")?;
        Ok(cursor.map(|document| line(document.context("MongoDB")?)))
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

/// A document as `mongoexport` writes it.
pub fn line(document: Document) -> Result<Line> {
    let json = Bson::Document(document).into_relaxed_extjson().to_string();
    let id = Parsed::from_json(&json).with_context(|| format!("a document cannot be sent: {json:.200}"))?.id;
    Ok(Line { id, json })
}

/// The id in the key of a changed document.
pub fn id(key: Document) -> Result<String> {
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
            // ChangeStreamHistoryLost, InvalidResumeToken, ChangeStreamFatalError.
            286 | 260 | 280 => Self::TooOld,
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
    }
}
