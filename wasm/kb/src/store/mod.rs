//! Where documents and their vectors are kept.
//!
//! [`Store`] is all that the routes know of a store, and all that a further engine has to implement. Vectors come and go as `f32`; how
//! a store keeps and searches them is its own concern.
//!
//! Each method that a request calls is one round trip: what it reads comes with the identity to which it belongs, in one statement.

#[cfg(any(test, all(feature = "spin", target_family = "wasm")))]
mod credentials;
mod error;
#[cfg(any(feature = "spin", not(target_family = "wasm")))]
mod format;
mod identity;
#[cfg(feature = "index")]
mod index_file;
#[cfg(all(feature = "spin", target_family = "wasm"))]
mod postgres;
mod select;
#[cfg(any(feature = "spin", not(target_family = "wasm")))]
pub mod sqlite;

use async_trait::async_trait;
use minilm_documents::filter::Filter;
use minilm_serving::Budget;

pub use error::StoreError;
pub use identity::Identity;
pub use select::from_settings;

/// What a store holds.
#[derive(Clone, Debug)]
pub struct State {
    /// Whose vectors it holds.
    pub identity: Identity,
    /// Number of documents.
    pub documents: usize,
}

/// A document as it is read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// The id.
    pub id: String,
    /// The whole document, as JSON text: what clients get back.
    pub document: String,
}

/// The vector of a text field.
#[derive(Clone, Debug)]
pub struct FieldVector {
    /// Name of the field, one of [`Identity::fields`].
    pub field: String,
    /// `[dim]`, never without direction.
    pub vector: Vec<f32>,
}

/// A document to write, with a vector for each of its text fields.
#[derive(Clone, Debug)]
pub struct Entry {
    /// The document.
    pub record: Record,
    /// What filters look at, as the text of a JSON object.
    pub metadata: String,
    /// Its vectors.
    pub vectors: Vec<FieldVector>,
}

/// A stored document whose vectors a reindex has to compute.
#[derive(Clone, Debug)]
pub struct Pending {
    /// Its number in the store. A document that is replaced keeps its number.
    pub number: i64,
    /// The document as it was read.
    pub record: Record,
}

/// Documents that are there already, and to what their vectors belong.
#[derive(Clone, Debug)]
pub struct Existing {
    /// What the vectors belong to.
    pub identity: Identity,
    /// The documents, each with the vectors of its text fields.
    pub documents: Vec<(Record, Vec<FieldVector>)>,
}

/// What is searched for.
#[derive(Clone, Debug)]
pub struct Search<'a> {
    /// The field whose vectors are compared.
    pub field: &'a str,
    /// One or more vectors; each is a search for itself.
    pub vectors: &'a [&'a [f32]],
    /// Most matches of a vector.
    pub top_k: usize,
    /// Least cosine of a match; without it, every one will do.
    pub threshold: Option<f32>,
    /// Which documents are searched; without it, all.
    pub filter: Option<&'a Filter>,
    /// Whether [`Match::index`] is needed. Some stores have to compute it.
    pub positions: bool,
    /// Time and bytes that the search may take. A store fails with [`StoreError::Over`] where the documents of all matches would have
    /// more bytes than an answer may have, without holding them all.
    pub budget: &'a Budget,
}

impl Search<'_> {
    /// Whether `score` is enough for a match.
    fn reaches(&self, score: f32) -> bool {
        self.threshold.is_none_or(|threshold| score >= threshold)
    }
}

/// What a search finds, and to what it belongs.
#[derive(Clone, Debug)]
pub struct SearchResult {
    /// The identity of the vectors that were searched.
    pub identity: Identity,
    /// What was found for each vector. Empty where the identity is not comparable with that of the search.
    pub found: Vec<Found>,
}

/// What was found for a vector.
#[derive(Clone, Debug, Default)]
pub struct Found {
    /// Documents that have the field and pass the filter.
    pub searched: usize,
    /// The cosine of the best of them, however low; `None` where there are none.
    pub best: Option<f32>,
    /// Those that reach the threshold, best first; of equal ones, the earlier first.
    pub matches: Vec<Match>,
}

/// A document that was found.
#[derive(Clone, Debug)]
pub struct Match {
    /// Its position among the documents that were searched, from 0, in the order of the store. 0 where [`Search::positions`] is not
    /// set.
    pub index: usize,
    /// Its cosine.
    pub score: f32,
    /// The document.
    pub record: Record,
}

/// Documents in the order of their ids.
#[derive(Clone, Debug, Default)]
pub struct Page {
    /// The first ones, as many as were asked for or as there is room for.
    pub records: Vec<Record>,
    /// The bytes of every document that was asked for, of those without a record too.
    pub sizes: Vec<usize>,
}

impl Page {
    /// Bytes of the first `count` documents.
    #[must_use]
    pub fn bytes(&self, count: usize) -> usize {
        self.sizes.iter().take(count).sum()
    }
}

/// A place for documents and their vectors.
///
/// Every method may fail with [`StoreError::Unreachable`], and those that write with [`StoreError::ReadOnly`] and
/// [`StoreError::Full`]. What a method that fails was to write is not there afterwards, in no part: also when the host dies in the
/// middle. Writers of several instances, and of several machines where the store has them, do not lose each other's documents.
#[async_trait(?Send)]
pub trait Store {
    /// Its name in answers.
    fn name(&self) -> &'static str;

    /// Fails where it can only be read: asked before anything is computed for a write.
    fn writable(&self) -> Result<(), StoreError> {
        Ok(())
    }

    /// What an administrator can do about a store with another identity.
    fn recovery_hint(&self) -> &'static str {
        "POST /documents/reindex computes all vectors anew"
    }

    /// The state of the store, which is made for `identity` where there is none yet. A store with another identity stays as it is.
    async fn open(&self, identity: &Identity) -> Result<State, StoreError>;

    /// Searches for vectors of `identity`. A store that is not there yet is made, and has nothing.
    async fn search(&self, identity: &Identity, search: &Search<'_>) -> Result<SearchResult, StoreError>;

    /// The documents with these ids that are there, with their vectors: a text that stays need not be embedded again. A store that is
    /// not there yet is made for `identity`.
    async fn existing(&self, identity: &Identity, ids: &[&str]) -> Result<Existing, StoreError>;

    /// Puts documents in, each in place of one with the same id, which keeps its place in the order; all of them or none.
    /// No two of `entries` have one id. Gives the number of documents that are there then.
    ///
    /// # Errors
    /// [`StoreError::Changed`] where the store has another identity by now.
    async fn upsert(&self, identity: &Identity, entries: Vec<Entry>) -> Result<usize, StoreError>;

    /// The document with an id.
    async fn get(&self, id: &str) -> Result<Option<Record>, StoreError>;

    /// Up to `limit` documents in the order of their ids, by bytes, from the first one after `after`. Behind the first, only as many
    /// have a record as have `max_bytes` together.
    async fn page(&self, after: Option<&str>, limit: usize, max_bytes: usize) -> Result<Page, StoreError>;

    /// Drops a document, and says whether there was one.
    async fn delete(&self, id: &str) -> Result<bool, StoreError>;

    /// Begins a reindex for `identity`: new vectors are kept beside those that are searched, until [`Store::switch`]. One that has begun
    /// for the same identity goes on where it was, also after its process was killed. One that has begun for another identity ends, and
    /// its vectors are dropped. [`Store::open`] must have made the store.
    async fn begin_reindex(&self, identity: &Identity) -> Result<(), StoreError>;

    /// The next documents that have no new vectors, in the order of their numbers: up to `limit`, and behind the first only as many as have
    /// `max_bytes` together. Documents that were written since are among them.
    ///
    /// # Errors
    /// [`StoreError::Changed`] where no reindex for `identity` goes on.
    async fn pending(&self, identity: &Identity, limit: usize, max_bytes: usize) -> Result<Vec<Pending>, StoreError>;

    /// Keeps new vectors: those of `entries` for the documents of `pending`, one for one. A document that has changed since it was read
    /// stays pending.
    ///
    /// # Errors
    /// [`StoreError::Changed`] where no reindex for `identity` goes on.
    async fn stage(&self, identity: &Identity, pending: &[Pending], entries: &[Entry]) -> Result<(), StoreError>;

    /// Puts all new vectors in place of the old ones, and `identity` in place of the old one, in one step. `false` where it could not, as
    /// documents have no new vectors or no reindex for `identity` goes on; nothing is changed then.
    async fn switch(&self, identity: &Identity) -> Result<bool, StoreError>;

    /// How many documents have no new vectors.
    async fn remaining(&self) -> Result<usize, StoreError>;
}
