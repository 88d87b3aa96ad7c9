//! Writes an index file from start to end, so that any stream will do.

use std::collections::HashSet;
use std::io::{self, Write};

use minilm::ALIGNMENT;
use minilm::index::{IndexError, QuantizedVector};
use xxhash_rust::xxh3::{Xxh3, xxh3_64};

use super::layout::Layout;
use super::{FieldRows, IndexInfo, ModelIdentity};
use crate::Document;

/// Texts that are embedded together. Vectors do not depend on it.
const BATCH: usize = 256;

/// Why no index file was written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BuildError<E> {
    /// The output cannot be written.
    #[error("the index file cannot be written: {0}")]
    Io(io::Error),
    /// The embedder has failed.
    #[error("{0}")]
    Embed(E),
    /// A vector cannot be searched.
    #[error("document `{id}`, field `{field}`: {fault}")]
    Vector {
        /// Id of the document.
        id: String,
        /// The field that was embedded.
        field: String,
        /// What is wrong.
        fault: IndexError,
    },
    /// The embedder gave something else than a vector for each text.
    #[error("{texts} texts have {values} values, not {texts} vectors of {dim}")]
    Width {
        /// Texts.
        texts: usize,
        /// Values that came back.
        values: usize,
        /// Width of a vector.
        dim: usize,
    },
    /// A field is named twice.
    #[error("field `{0}` is named twice")]
    Field(String),
    /// Two documents have the same id.
    #[error("two documents have the id `{0}`")]
    Id(String),
    /// More than the format holds.
    #[error("the index file would have too many fields or documents")]
    TooLarge,
}

// By hand, as `#[from]` would make it a source too, and it is in the message already.
impl<E> From<io::Error> for BuildError<E> {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

/// Writes `documents`, and vectors of the text in each of `fields` that `embed` makes, as an index file. `embed` returns the
/// vectors `[texts, dim]` of its texts; empty texts and other values have none.
///
/// # Errors
/// [`BuildError`]; what is written by then is no index file.
pub fn write_index<W: Write, E>(
    out: W,
    model: &ModelIdentity,
    fields: &[String],
    documents: &[Document],
    mut embed: impl FnMut(&[&str]) -> Result<Vec<f32>, E>,
) -> Result<IndexInfo, BuildError<E>> {
    check(fields, documents)?;
    let json: Vec<String> = documents.iter().map(Document::to_json).collect();
    let texts: Vec<Vec<(u32, String)>> = fields.iter().map(|field| texts(documents, field)).collect();
    let rows = fields.iter().zip(&texts).map(|(name, texts)| FieldRows { name: name.clone(), rows: texts.len() });
    let info = IndexInfo { model: model.clone(), documents: documents.len(), fields: rows.collect() };
    let layout = Layout::new(&info, json.iter().map(String::len).sum());
    let layout = layout.ok().filter(Layout::fits).ok_or(BuildError::TooLarge)?;

    let mut out = Output { inner: out, hash: Xxh3::new(), written: 0 };
    out.put(&layout.head)?;
    out.align()?;
    json.iter().try_for_each(|json| out.put(json.as_bytes()))?;
    let ends = json.iter().scan(0, |end: &mut u64, json| {
        *end += json.len() as u64;
        Some(*end)
    });
    out.section(&std::iter::once(0).chain(ends).collect::<Vec<u64>>())?;
    let mut ids: Vec<(u64, u32)> = (0..).zip(documents).map(|(i, document)| (hash(&document.id), i)).collect();
    ids.sort_unstable();
    out.section(&ids.iter().map(|id| id.0).collect::<Vec<_>>())?;
    out.section(&ids.iter().map(|id| id.1).collect::<Vec<_>>())?;
    for (field, texts) in fields.iter().zip(&texts) {
        out.field(model.dim, texts, &mut embed, |document| (documents[document as usize].id.clone(), field.clone()))?;
    }
    out.align()?;
    let checksum = out.hash.digest();
    out.put(&checksum.to_le_bytes())?;
    out.inner.flush()?;
    Ok(info)
}

/// What an id is found by.
pub(super) fn hash(id: &str) -> u64 {
    xxh3_64(id.as_bytes())
}

fn check<E>(fields: &[String], documents: &[Document]) -> Result<(), BuildError<E>> {
    let mut names = HashSet::new();
    if let Some(field) = fields.iter().find(|field| !names.insert(field.as_str())) {
        return Err(BuildError::Field(field.clone()));
    }
    let mut ids = HashSet::new();
    match documents.iter().find(|document| !ids.insert(document.id.as_str())) {
        Some(document) => Err(BuildError::Id(document.id.clone())),
        None => Ok(()),
    }
}

/// The documents that have a text in `field`, and the texts.
fn texts(documents: &[Document], field: &str) -> Vec<(u32, String)> {
    let text = |(index, document): (u32, &Document)| Some((index, document.searched_text(field)?));
    (0..).zip(documents).filter_map(text).collect()
}

/// Hashes what passes through.
struct Output<W> {
    inner: W,
    hash: Xxh3,
    written: u64,
}

impl<W: Write> Output<W> {
    fn put(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.hash.update(bytes);
        self.written += bytes.len() as u64;
        self.inner.write_all(bytes)
    }

    fn align(&mut self) -> io::Result<()> {
        let gap = self.written.next_multiple_of(ALIGNMENT as u64) - self.written;
        self.put(&[0; ALIGNMENT][..gap as usize])
    }

    fn section<T: bytemuck::NoUninit>(&mut self, values: &[T]) -> io::Result<()> {
        self.align()?;
        self.put(bytemuck::cast_slice(values))
    }

    /// The sections of a field. Vectors are written as they come; what is kept of them is a quarter of their size.
    fn field<E>(
        &mut self,
        dim: usize,
        texts: &[(u32, String)],
        embed: &mut impl FnMut(&[&str]) -> Result<Vec<f32>, E>,
        name: impl Fn(u32) -> (String, String),
    ) -> Result<(), BuildError<E>> {
        let mut values: Vec<i8> = Vec::with_capacity(texts.len() * dim);
        let (mut scales, mut errors) = (Vec::new(), Vec::new());
        self.align()?;
        for batch in texts.chunks(BATCH) {
            let batch_texts: Vec<&str> = batch.iter().map(|(_, text)| text.as_str()).collect();
            let vectors = embed(&batch_texts).map_err(BuildError::Embed)?;
            if vectors.len() != batch.len() * dim {
                return Err(BuildError::Width { texts: batch.len(), values: vectors.len(), dim });
            }
            for ((document, _), vector) in batch.iter().zip(vectors.chunks_exact(dim.max(1))) {
                let row = QuantizedVector::new(vector).map_err(|fault| {
                    let (id, field) = name(*document);
                    BuildError::Vector { id, field, fault }
                })?;
                values.extend(&row.values);
                scales.push(row.scale);
                errors.push(row.error);
            }
            self.put(bytemuck::cast_slice(&vectors))?;
        }
        self.section(&values)?;
        self.section(&scales)?;
        self.section(&errors)?;
        self.section(&texts.iter().map(|(document, _)| *document).collect::<Vec<_>>())?;
        Ok(())
    }
}
