//! From questions and documents to vectors.

use std::collections::HashMap;

use minilm::EncodeOptions;
use minilm_documents::Document;
use minilm_serving::embed::EmbedTask;
use minilm_serving::{Budget, Input, Problem, ServerState, Usage};

use crate::Kb;
use crate::store::{Entry, FieldVector, Record};

/// The vectors of `texts`, which a request has in `param`, one behind the other.
///
/// # Errors
/// The limits of a request.
pub async fn questions(
    state: &ServerState,
    param: &'static str,
    texts: Vec<String>,
    budget: &Budget,
) -> Result<(Vec<f32>, Usage), Problem> {
    let task = EmbedTask { param, input: Input::Texts(texts), options: EncodeOptions::default() };
    let vectors = state.embed(task, budget).await?;
    Ok((vectors.data, vectors.usage))
}

/// Stored texts that are embedded at once, so that not all have their tokens in memory.
const BATCH: usize = 128;

/// What errors call the documents of a request.
const PARAM: &str = "documents";

/// A text of a document.
struct Text {
    entry: usize,
    field: String,
    text: String,
}

/// Whether a number of documents is what a request may have embedded, or a part of all that there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Documents {
    /// Those of a request, which may have `MAX_BATCH_TOKENS` tokens in texts that are new.
    Sent,
    /// Those of the store, however many.
    Stored,
}

/// The documents with their vectors. Of a text that is the same in `existing`, the vector is taken from there.
///
/// # Errors
/// A text is larger than may be, there are more tokens than may be, or the time is over.
pub async fn documents(
    kb: &Kb,
    kind: Documents,
    documents: Vec<Document>,
    existing: Vec<(Record, Vec<FieldVector>)>,
    budget: &Budget,
) -> Result<(Vec<Entry>, Usage), Problem> {
    let mut existing = Existing::new(existing);
    let (mut entries, mut texts) = (Vec::with_capacity(documents.len()), Vec::new());
    // Each document is dropped when its entry is there.
    for (index, document) in documents.into_iter().enumerate() {
        let mut entry = entry(&document);
        for field in &kb.identity.fields {
            let Some(text) = document.searched_text(field) else { continue };
            kb.state.check_text(&text, || format!("`{field}` of the document `{}`", document.id))?;
            match existing.take(&document.id, field, &text) {
                Some(vector) => entry.vectors.push(vector),
                None => texts.push(Text { entry: index, field: field.clone(), text }),
            }
        }
        entries.push(entry);
    }
    drop(existing);
    let plain: Vec<&str> = texts.iter().map(|text| text.text.as_str()).collect();
    let (mut vectors, mut usage) = (Vec::new(), Usage::default());
    match kind {
        Documents::Sent => {
            let embedded = kb.state.embed_texts(PARAM, &plain, &EncodeOptions::default(), budget).await?;
            (vectors, usage) = (embedded.data, embedded.usage);
        }
        Documents::Stored => {
            for batch in plain.chunks(BATCH) {
                let embedded = kb.state.embed_unchecked(PARAM, batch, budget).await?;
                vectors.extend(embedded.data);
                usage += embedded.usage;
            }
        }
    }
    for (text, row) in texts.iter().zip(vectors.chunks_exact(kb.identity.dim)) {
        entries[text.entry].vectors.push(FieldVector { field: text.field.clone(), vector: row.to_vec() });
    }
    Ok((entries, usage))
}

/// Documents as they are kept, by id.
struct Existing(HashMap<String, (Document, Vec<FieldVector>)>);

impl Existing {
    fn new(documents: Vec<(Record, Vec<FieldVector>)>) -> Self {
        let parsed = documents.into_iter().filter_map(|(record, vectors)| {
            // What cannot be read any more is embedded anew.
            Some((record.id, (Document::from_json(&record.document).ok()?, vectors)))
        });
        Self(parsed.collect())
    }

    /// The vector of a field, if its text is `text`.
    fn take(&mut self, id: &str, field: &str, text: &str) -> Option<FieldVector> {
        let (document, vectors) = self.0.get_mut(id)?;
        let at = vectors.iter().position(|vector| vector.field == field)?;
        (document.text(field)? == text).then(|| vectors.swap_remove(at))
    }
}

/// What is written of a document, still without vectors.
fn entry(document: &Document) -> Entry {
    let record = Record { id: document.id.clone(), document: document.to_json() };
    Entry { record, metadata: document.metadata_json(), vectors: Vec::new() }
}
