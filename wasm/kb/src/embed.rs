//! From questions and documents to vectors.

use std::collections::HashMap;
use std::time::Instant;

use http::StatusCode;
use minilm::{EncodeOptions, Tokens};
use minilm_documents::Document;
use minilm_http::encode::Task;
use minilm_http::{App, Input, Limit, Problem, Service, Work};

use crate::Kb;
use crate::store::{Entry, FieldVector, Record};

/// Texts of documents that are embedded at once: enough to be fast, few enough that memory stays small.
const BATCH: usize = 128;

/// The vectors of `texts`, which a request has in `param`, one behind the other.
///
/// # Errors
/// The limits of a request.
pub fn questions(service: &Service, param: &'static str, texts: Vec<String>) -> Result<(Vec<f32>, Work), Problem> {
    let vectors = service.encode(Task { param, input: Input::Texts(texts), options: EncodeOptions::default() })?;
    Ok((vectors.data, vectors.work))
}

/// A text of a document.
struct Text {
    entry: usize,
    field: String,
    text: String,
}

/// Of two documents with one id the later one, in the place of the first.
pub fn latest(documents: &[Document]) -> Vec<&Document> {
    let mut places: HashMap<&str, usize> = HashMap::new();
    let mut latest: Vec<&Document> = Vec::new();
    for document in documents {
        let place = *places.entry(&document.id).or_insert(latest.len());
        if place == latest.len() {
            latest.push(document);
        } else {
            latest[place] = document;
        }
    }
    latest
}

/// The documents with their vectors. Of a text that is the same in `known`, the vector is taken from there.
///
/// # Errors
/// A text is larger than may be.
pub fn documents(kb: &Kb, documents: &[&Document], known: Vec<Entry>) -> Result<(Vec<Entry>, Work), Problem> {
    let mut known = Known::new(known);
    let mut entries: Vec<Entry> =
        documents.iter().map(|document| Entry { record: record(document), vectors: Vec::new() }).collect();
    let mut texts = Vec::new();
    for (entry, document) in documents.iter().enumerate() {
        for field in &kb.identity.fields {
            let Some(text) = document.text(field) else { continue };
            check_size(kb, &document.id, field, &text)?;
            match known.take(&document.id, field, &text) {
                Some(vector) => entries[entry].vectors.push(vector),
                None => texts.push(Text { entry, field: field.clone(), text }),
            }
        }
    }
    let work = embed(kb, texts, &mut entries)?;
    Ok((entries, work))
}

/// Documents as they are kept, by id.
struct Known(HashMap<String, (Document, Vec<FieldVector>)>);

impl Known {
    fn new(entries: Vec<Entry>) -> Self {
        let parsed = entries.into_iter().filter_map(|Entry { record, vectors }| {
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

fn record(document: &Document) -> Record {
    let metadata = serde_json::Value::Object(document.metadata()).to_string();
    Record { id: document.id.clone(), document: document.to_json(), metadata }
}

fn check_size(kb: &Kb, id: &str, field: &str, text: &str) -> Result<(), Problem> {
    let most = kb.service().settings.max_text_bytes;
    if text.len() <= most {
        return Ok(());
    }
    let limit = Limit { name: "MAX_TEXT_BYTES", value: most, actual: text.len() };
    let what = format!("`{field}` of the document `{id}` has a size in bytes of");
    Err(Problem::over(StatusCode::PAYLOAD_TOO_LARGE, &what, limit))
}

/// Gives each entry the vectors of its texts.
fn embed(kb: &Kb, texts: Vec<Text>, entries: &mut [Entry]) -> Result<Work, Problem> {
    let (embedder, options) = (&kb.service().embedder, EncodeOptions::default());
    let mut work = Work::default();
    for batch in texts.chunks(BATCH) {
        let plain: Vec<&str> = batch.iter().map(|text| text.text.as_str()).collect();
        let encodings = embedder.tokenize(&plain, &options)?;
        let start = Instant::now();
        let embeddings = embedder.encode_tokens(&encodings, &options)?;
        work.inference += start.elapsed();
        work.texts += batch.len();
        work.tokens += encodings.iter().map(Tokens::len).sum::<usize>();
        work.truncated += embeddings.truncated.iter().filter(|&&truncated| truncated).count();
        for (text, row) in batch.iter().zip(embeddings.rows()) {
            entries[text.entry].vectors.push(FieldVector { field: text.field.clone(), vector: row.to_vec() });
        }
    }
    Ok(work)
}
