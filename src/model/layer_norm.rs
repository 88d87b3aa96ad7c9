//! Layer normalization out of a packed file.

use crate::Error;
use crate::format::ModelFile;
use crate::kernel::LayerNorm;

/// A view of the layer normalization `name`.
pub(super) fn layer_norm<'m>(file: &ModelFile<'m>, name: &str) -> Result<LayerNorm<'m>, Error> {
    let encoder = &file.config().encoder;
    let shape = [encoder.hidden_size];
    Ok(LayerNorm {
        weight: file.tensor(&format!("{name}.weight"), &shape)?,
        bias: file.tensor(&format!("{name}.bias"), &shape)?,
        eps: encoder.layer_norm_eps,
    })
}
