//! Embedding a batch at a time, so that a caller keeps the say between two batches.

use std::fmt;
use std::vec::IntoIter;

use crate::config::Pooling;
use crate::model::Workspace;
use crate::output::Embeddings;
use crate::tokenizer::Tokens;
use crate::{Embedder, Error, normalize};

/// Tokens that go through the model at once: enough to keep the weights busy, few enough that scratch stays below 4 MB.
/// Results do not depend on it.
const TOKENS_PER_BATCH: usize = 256;

/// Texts that are embedded batch by batch: what [`Embedder::encode_tokens`] does in one go.
///
/// A batch has 256 tokens at most, or one longer text. A run that is dropped before its end has done no more than its steps.
#[must_use = "nothing is embedded before `step` is called"]
pub struct EncodeRun<'a> {
    pub(crate) batches: Batches<'a>,
    /// Values that are kept of each vector.
    pub(crate) dim: usize,
    /// Whether vectors get the length 1 in the end.
    pub(crate) normalize: bool,
}

/// Texts whose token vectors are computed batch by batch: what [`Embedder::token_embeddings`] does in one go. It keeps nothing of a batch
/// that it has handed out. Of batches, the same holds as for [`EncodeRun`].
#[must_use = "nothing is computed before `step` is called"]
pub struct TokenRun<'a> {
    pub(crate) embedder: &'a Embedder,
    pub(crate) texts: &'a [Tokens],
    pub(crate) rest: IntoIter<Vec<usize>>,
    pub(crate) own_workspace: Workspace,
}

/// The vectors of the tokens of one text.
#[derive(Clone, Debug, PartialEq)]
pub struct TokenVectors {
    /// Position of the text in the call.
    pub index: usize,
    /// Row-major, shape `[n_tokens, hidden_size]`.
    pub data: Vec<f32>,
}

impl TokenRun<'_> {
    /// The texts of the next batch; `None` where there is none left.
    ///
    /// # Errors
    /// [`Error::NotFinite`] where damaged weights give no number.
    pub fn step(&mut self) -> Result<Option<Vec<TokenVectors>>, Error> {
        let Some(indices) = self.rest.next() else { return Ok(None) };
        let mut vectors = Vec::with_capacity(indices.len());
        self.embedder.forward_batch(self.texts, &indices, &mut self.own_workspace, |index, hidden| {
            if !all_finite(hidden) {
                return Err(Error::NotFinite { index });
            }
            vectors.push(TokenVectors { index, data: hidden.to_vec() });
            Ok(())
        })?;
        Ok(Some(vectors))
    }

    /// Number of texts that are in batches not yet computed.
    #[must_use]
    pub fn texts_left(&self) -> usize {
        self.rest.as_slice().iter().map(Vec::len).sum()
    }
}

impl fmt::Debug for TokenRun<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokenRun").field("texts_left", &self.texts_left()).finish_non_exhaustive()
    }
}

/// Looks at many values together, without an early end.
pub(crate) fn all_finite(values: &[f32]) -> bool {
    values.iter().fold(true, |finite, x| finite & x.is_finite())
}

/// Batches that are still to be embedded, and the vectors of the others.
pub(crate) struct Batches<'a> {
    pub embedder: &'a Embedder,
    pub texts: &'a [Tokens],
    pub pooling: Pooling,
    /// Indices of texts.
    pub rest: IntoIter<Vec<usize>>,
    /// For batches that find the workspace of the embedder taken by another thread.
    pub own_workspace: Workspace,
    /// `[texts, dim]`.
    pub data: Vec<f32>,
}

impl Batches<'_> {
    /// Embeds the next batch; `false` where there is none.
    pub fn step(&mut self) -> Result<bool, Error> {
        let Some(indices) = self.rest.next() else { return Ok(false) };
        self.embedder.embed_batch(self.texts, indices, self.pooling, &mut self.own_workspace, &mut self.data)?;
        Ok(true)
    }
}

impl EncodeRun<'_> {
    /// Embeds the next batch; `false` where there was none left.
    ///
    /// # Errors
    /// [`Error::NotFinite`] where damaged weights give no number.
    pub fn step(&mut self) -> Result<bool, Error> {
        self.batches.step()
    }

    /// Number of texts that are in batches not yet embedded.
    #[must_use]
    pub fn texts_left(&self) -> usize {
        self.batches.rest.as_slice().iter().map(Vec::len).sum()
    }

    /// The embeddings. The vectors of texts in batches that were not embedded are zero.
    #[must_use]
    pub fn finish(self) -> Embeddings {
        let Self { batches: Batches { embedder, texts, mut data, .. }, dim, normalize: to_length_1 } = self;
        if dim < embedder.dim() {
            data = data.chunks_exact(embedder.dim()).flat_map(|row| &row[..dim]).copied().collect();
        }
        if to_length_1 {
            data.chunks_exact_mut(dim).for_each(normalize);
        }
        Embeddings {
            data,
            dim,
            n_tokens: texts.iter().map(Tokens::len).collect(),
            truncated: texts.iter().map(|tokens| tokens.truncated).collect(),
        }
    }
}

impl fmt::Debug for EncodeRun<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EncodeRun").field("texts_left", &self.texts_left()).finish_non_exhaustive()
    }
}

/// Indices of `texts` in groups of at most [`TOKENS_PER_BATCH`] tokens (or a single longer text): in their order, or longest first, so that
/// those of a batch have about one length.
pub(crate) fn batches(texts: &[Tokens], in_order: bool) -> Vec<Vec<usize>> {
    let mut order: Vec<usize> = (0..texts.len()).collect();
    if !in_order {
        order.sort_by_key(|&index| std::cmp::Reverse(texts[index].len()));
    }
    let mut batches: Vec<Vec<usize>> = Vec::new();
    let mut n_tokens = 0;
    for index in order {
        n_tokens += texts[index].len();
        match batches.last_mut() {
            Some(batch) if n_tokens <= TOKENS_PER_BATCH => batch.push(index),
            _ => {
                batches.push(vec![index]);
                n_tokens = texts[index].len();
            }
        }
    }
    batches
}
