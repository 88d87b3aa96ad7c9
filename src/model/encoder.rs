//! Embeddings and transformer layers, one after the other. Static embeddings are a model without layers.

use super::layer::Layer;
#[cfg(feature = "bench")]
use super::linear::Linear;
use super::observe::{Observer, Unobserved};
use super::token_embeddings::TokenEmbeddings;
use super::workspace::Workspace;
use crate::Error;
use crate::format::{LinearLayer, ModelFile};
use crate::tokenizer::Tokens;

/// Embeddings and layers, as views into the packed file.
#[derive(Debug)]
pub(crate) struct Encoder<'m> {
    embeddings: TokenEmbeddings<'m>,
    layers: Vec<Layer<'m>>,
}

impl<'m> Encoder<'m> {
    pub(crate) fn view(file: &ModelFile<'m>) -> Result<Self, Error> {
        let layers = 0..file.config().encoder.num_hidden_layers;
        Ok(Self {
            embeddings: TokenEmbeddings::view(file)?,
            layers: layers.map(|layer| Layer::view(file, layer)).collect::<Result<_, _>>()?,
        })
    }

    /// Token vectors of the texts, end to end without padding, into `work.hidden` `[tokens, hidden_size]`; `work` has the size
    /// for just these tokens.
    pub(crate) fn forward(&self, batch: &[&Tokens], work: &mut Workspace) {
        let lengths = self.embed(batch, work);
        if let Some(first) = self.layers.first() {
            first.queries(work, &mut Unobserved);
        }
        for (index, layer) in self.layers.iter().enumerate() {
            layer.forward(self.layers.get(index + 1), &lengths, work, &mut Unobserved);
        }
    }

    /// Mean of the tokens' vectors, for static embeddings `[hidden_size]`: the same bits as those of [`Encoder::forward`] and
    /// [`pool`](crate::pooling::pool), without the vectors in between.
    pub(crate) fn mean(&self, tokens: &Tokens, out: &mut [f32]) {
        self.embeddings.mean(&tokens.ids, out);
    }

    /// The first layer by itself over the tokens of one text, from `work.hidden` to `work.hidden`: `observe` sees all inputs of its linear layers.
    pub(crate) fn observe_first(&self, tokens: usize, work: &mut Workspace, observe: impl FnMut(LinearLayer, &[f32])) {
        if let Some(layer) = self.layers.first() {
            let mut observer = Observer(observe);
            layer.queries(work, &mut observer);
            layer.forward(None, &[tokens], work, &mut observer);
        }
    }

    /// The first stage: vectors of the tokens alone. Returns the token counts of the texts.
    pub(crate) fn embed(&self, batch: &[&Tokens], work: &mut Workspace) -> Vec<usize> {
        let lengths: Vec<usize> = batch.iter().map(|tokens| tokens.len()).collect();
        let mut rest = &mut work.hidden[..];
        for tokens in batch {
            let (out, behind) = rest.split_at_mut(tokens.len() * self.embeddings.dim());
            self.embeddings.forward(&tokens.ids, &tokens.type_ids, out);
            rest = behind;
        }
        lengths
    }

    /// The linear layers, first to last.
    #[cfg(feature = "bench")]
    pub(crate) fn linears(&self) -> impl Iterator<Item = &Linear<'m>> {
        self.layers.iter().flat_map(Layer::linears)
    }
}
