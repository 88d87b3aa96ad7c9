//! Token ids to token vectors: those that enter the first layer, or static embeddings.

use super::layer_norm::layer_norm;
use crate::Error;
use crate::config::{Config, Precision};
use crate::format::{Bf16, INT4_GROUP, ModelFile, int4_len, names, unpack_int4};
use crate::kernel::LayerNorm;

/// Word embeddings, and what an encoder adds to them.
#[derive(Debug)]
pub(crate) struct TokenEmbeddings<'m> {
    dim: usize,
    word: Table<'m>,
    /// Static embeddings are the word embeddings alone.
    context: Option<Context<'m>>,
}

/// Position and, if there are any, token type embeddings, and the normalization of the sum.
#[derive(Debug)]
struct Context<'m> {
    position: Table<'m>,
    /// The token that has the first position wherever it is, and is not counted.
    padding_id: Option<u32>,
    /// Not all models have token types.
    token_type: Option<Table<'m>>,
    norm: LayerNorm<'m>,
}

/// Rows of floats, or of integers with one scale a row.
#[derive(Debug)]
enum Table<'m> {
    Int8 {
        rows: &'m [i8],
        scale: &'m [Bf16],
        dim: usize,
    },
    /// Each group of a row has a multiplier. Multiplier times value fits into 8 bits, so a row is one of [`Table::Int8`] in fewer
    /// bytes.
    Int4 {
        rows: &'m [u8],
        multiplier: &'m [u8],
        scale: &'m [Bf16],
        dim: usize,
    },
    F32 {
        rows: &'m [f32],
        dim: usize,
    },
}

impl<'m> TokenEmbeddings<'m> {
    pub(crate) fn view(file: &ModelFile<'m>) -> Result<Self, Error> {
        let Config { encoder, precision, .. } = file.config();
        let dim = encoder.hidden_size;
        let word = Table::view(file, names::WORD, encoder.vocab_size, dim, *precision)?;
        let context = if file.config().is_static() {
            None
        } else {
            Some(Context {
                position: Table::view(
                    file,
                    names::POSITION,
                    encoder.max_position_embeddings + usize::from(encoder.padding_id.is_some()),
                    dim,
                    precision.of_positions(),
                )?,
                padding_id: encoder.padding_id,
                token_type: match encoder.type_vocab_size {
                    0 => None,
                    rows => Some(Table::view(file, names::TOKEN_TYPE, rows, dim, Precision::F32)?),
                },
                norm: layer_norm(file, names::EMBEDDINGS_NORM)?,
            })
        };
        Ok(Self { dim, word, context })
    }

    /// Width of a token vector.
    pub(crate) fn dim(&self) -> usize {
        self.dim
    }

    /// Vectors of one text's tokens into `out` `[ids.len(), hidden_size]`; positions count from 0. Ids and types are rows of their tables:
    /// [`Embedder`](crate::Embedder) checks that before.
    pub(crate) fn forward(&self, ids: &[u32], type_ids: &[u32], out: &mut [f32]) {
        let rows = ids.iter().zip(type_ids).zip(out.chunks_exact_mut(self.dim));
        let padding_id = self.context.as_ref().and_then(|context| context.padding_id);
        let mut next = usize::from(padding_id.is_some());
        for ((&id, &type_id), out) in rows {
            out.fill(0.0);
            self.word.add_row(id as usize, out);
            if let Some(context) = &self.context {
                if let Some(token_type) = &context.token_type {
                    token_type.add_row(type_id as usize, out);
                }
                if padding_id == Some(id) {
                    context.position.add_row(0, out);
                } else {
                    context.position.add_row(next, out);
                    next += 1;
                }
            }
        }
        if let Some(context) = &self.context {
            context.norm.forward(out);
        }
    }

    /// Mean of the word embeddings of `ids` into `out` `[hidden_size]`; zeros, where there are none.
    pub(crate) fn mean(&self, ids: &[u32], out: &mut [f32]) {
        out.fill(0.0);
        ids.iter().for_each(|&id| self.word.add_row(id as usize, out));
        if !ids.is_empty() {
            let count = ids.len() as f32;
            out.iter_mut().for_each(|x| *x /= count);
        }
    }
}

impl<'m> Table<'m> {
    fn view(file: &ModelFile<'m>, name: &str, len: usize, dim: usize, precision: Precision) -> Result<Self, Error> {
        Ok(match precision {
            Precision::Int8 => Self::Int8 {
                rows: file.tensor(name, &[len, dim])?,
                scale: file.tensor(&format!("{name}.scale"), &[len])?,
                dim,
            },
            Precision::Int6E4 => Self::Int4 {
                rows: file.tensor(name, &[len, int4_len(dim)])?,
                multiplier: file.tensor(&format!("{name}.multiplier"), &[len, int4_len(dim.div_ceil(INT4_GROUP))])?,
                scale: file.tensor(&format!("{name}.scale"), &[len])?,
                dim,
            },
            Precision::F32 => Self::F32 { rows: file.tensor(name, &[len, dim])?, dim },
        })
    }

    #[inline(never)]
    fn add_row(&self, index: usize, out: &mut [f32]) {
        match *self {
            Self::Int8 { rows, scale, dim } => {
                let scale = f32::from(scale[index]);
                let row = &rows[index * dim..][..dim];
                out.iter_mut().zip(row).for_each(|(out, &q)| *out += scale * f32::from(q));
            }
            Self::Int4 { rows, multiplier, scale, dim } => {
                let scale = f32::from(scale[index]);
                let row = &rows[index * int4_len(dim)..][..int4_len(dim)];
                let multipliers = int4_len(dim.div_ceil(INT4_GROUP));
                let multiplier = unpack_int4(&multiplier[index * multipliers..][..multipliers]);
                let groups = out.chunks_mut(INT4_GROUP).zip(row.chunks(INT4_GROUP / 2)).zip(multiplier);
                for ((out, group), multiplier) in groups {
                    let values = unpack_int4(group).map(|q| f32::from(multiplier * q));
                    out.iter_mut().zip(values).for_each(|(out, q)| *out += scale * q);
                }
            }
            Self::F32 { rows, dim } => {
                let row = &rows[index * dim..][..dim];
                out.iter_mut().zip(row).for_each(|(out, &x)| *out += x);
            }
        }
    }
}
