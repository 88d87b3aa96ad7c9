//! Layer normalization out of a packed file.

use crate::Error;
use crate::kernel::LayerNorm;
use crate::package::Package;

/// A view of the layer normalization `name`.
pub(crate) fn view<'m>(package: &Package<'m>, name: &str) -> Result<LayerNorm<'m>, Error> {
    let encoder = &package.config().encoder;
    let shape = [encoder.hidden_size];
    Ok(LayerNorm {
        weight: package.tensor(&format!("{name}.weight"), &shape)?,
        bias: package.tensor(&format!("{name}.bias"), &shape)?,
        eps: encoder.layer_norm_eps,
    })
}
