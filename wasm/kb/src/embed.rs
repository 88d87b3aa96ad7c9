//! From questions and documents to vectors.

use std::collections::HashMap;

use minilm::EncodeOptions;
use minilm_documents::Document;
use minilm_serving::embed::EmbedTask;
use minilm_serving::{Input, Problem, ServerState, Usage};

use crate::Kb;
use crate::store::{Entry, FieldVector, Record};

/// Texts of documents that are embedded at once: enough to be fast, few enough that memory stays small.
const BATCH: usize = 128;

/// The vectors of `texts`, which a request has in `param`, one behind the other.
///
/// # Errors
/// The limits of a request.
pub fn questions(state: &ServerState, param: &'static str, texts: Vec<String>) -> Result<(Vec<f32>, Usage), Problem> {
    let task = EmbedTask { param, input: Input::Texts(texts), options: EncodeOptions::default() };
    let vectors = state.embed(task)?;
    Ok((vectors.data, vectors.usage))
}

/// A text of a document.
struct Text {
    entry: usize,
    field: String,
    text: String,
}

/// The documents with their vectors. Of a text that is the same in `existing`, the vector is taken from there.
///
/// # Errors
/// A text is larger than may be.
pub fn documents(
    kb: &Kb,
    documents: &[Document],
    existing: Vec<(Record, Vec<FieldVector>)>,
) -> Result<(Vec<Entry>, Usage), Problem> {
    let mut existing = Existing::new(existing);
    let mut entries: Vec<Entry> = documents.iter().map(entry).collect();
    let mut texts = Vec::new();
    for (entry, document) in documents.iter().enumerate() {
        for field in &kb.identity.fields {
            let Some(text) = document.text(field) else { continue };
            kb.state.check_text(&text, || format!("`{field}` of the document `{}`", document.id))?;
            match existing.take(&document.id, field, &text) {
                Some(vector) => entries[entry].vectors.push(vector),
                None => texts.push(Text { entry, field: field.clone(), text }),
            }
        }
    }
    let usage = embed(kb, texts, &mut entries)?;
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

/// Gives each entry the vectors of its texts.
fn embed(kb: &Kb, texts: Vec<Text>, entries: &mut [Entry]) -> Result<Usage, Problem> {
    let mut usage = Usage::default();
    for batch in texts.chunks(BATCH) {
        let plain: Vec<&str> = batch.iter().map(|text| text.text.as_str()).collect();
        let vectors = kb.state.embed_unchecked(&plain)?;
        usage += vectors.usage;
        for (text, row) in batch.iter().zip(vectors.data.chunks_exact(vectors.dim)) {
            entries[text.entry].vectors.push(FieldVector { field: text.field.clone(), vector: row.to_vec() });
        }
    }
    Ok(usage)
}
