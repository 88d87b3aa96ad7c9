//! The transformer over a packed file: token ids in, token vectors out.

mod attention;
mod embeddings;
mod encoder;
mod feed_forward;
mod linear;
mod norm;
mod workspace;

use crate::Error;
use crate::package::Package;
use crate::tokenizer::Encoding;
use embeddings::Embeddings;
#[cfg(feature = "pack")]
pub(crate) use encoder::Observe;
use encoder::{Layer, Unobserved};
#[cfg(feature = "bench")]
pub(crate) use linear::Linear;
pub(crate) use workspace::Workspace;

/// Embeddings and layers, as views into the packed file.
#[derive(Debug)]
pub(crate) struct Model<'m> {
    embeddings: Embeddings<'m>,
    layers: Vec<Layer<'m>>,
}

impl<'m> Model<'m> {
    pub(crate) fn view(package: &Package<'m>) -> Result<Self, Error> {
        let layers = 0..package.config().encoder.num_hidden_layers;
        Ok(Self {
            embeddings: Embeddings::view(package)?,
            layers: layers.map(|layer| Layer::view(package, layer)).collect::<Result<_, _>>()?,
        })
    }

    /// Token vectors of the texts, end to end without padding, into `work.hidden` `[tokens, hidden_size]`; `work` has room
    /// for just these tokens.
    pub(crate) fn forward(&self, batch: &[&Encoding], work: &mut Workspace) -> Result<(), Error> {
        let lengths = self.embed(batch, work)?;
        if let Some(first) = self.layers.first() {
            first.queries(work, &mut Unobserved);
        }
        for (index, layer) in self.layers.iter().enumerate() {
            layer.forward(self.layers.get(index + 1), &lengths, work, &mut Unobserved);
        }
        Ok(())
    }

    /// The first stage: vectors of the tokens alone. Returns the token counts of the texts.
    pub(crate) fn embed(&self, batch: &[&Encoding], work: &mut Workspace) -> Result<Vec<usize>, Error> {
        let lengths: Vec<usize> = batch.iter().map(|encoding| encoding.len()).collect();
        let dim = work.hidden.len() / lengths.iter().sum::<usize>();
        let mut rest = &mut work.hidden[..];
        for encoding in batch {
            let (out, behind) = rest.split_at_mut(encoding.len() * dim);
            self.embeddings.forward(&encoding.ids, &encoding.type_ids, out)?;
            rest = behind;
        }
        Ok(lengths)
    }

    /// The linear layers, first to last.
    #[cfg(feature = "bench")]
    pub(crate) fn linears(&self) -> impl Iterator<Item = &Linear<'m>> {
        self.layers.iter().flat_map(Layer::linears)
    }

    /// The layers, first to last.
    #[cfg(feature = "pack")]
    pub(crate) fn layers(&self) -> &[Layer<'m>] {
        &self.layers
    }
}
