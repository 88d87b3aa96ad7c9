//! The transformer over a packed file: token ids in, token vectors out.

mod encoder;
mod feed_forward;
mod layer;
mod layer_norm;
mod linear;

mod observe;
mod self_attention;
mod token_embeddings;
mod workspace;

pub(crate) use encoder::Encoder;
pub(crate) use workspace::Workspace;
