//! A linear layer in the precision of the file.

use crate::Error;
use crate::aligned::AlignedBytes;
use crate::config::Precision;
use crate::format::{ModelFile, f32_weight_shape, int6_weight_shape, int8_weight_shape, unpack_int6};
use crate::kernel::arch::PANEL;
use crate::kernel::{Activation, F32Linear, Int8Linear, Int8Scratch, LayerNorm, Weights, padded_len};

/// `y = x Wᵀ + b`.
#[derive(Debug)]
pub(crate) enum Linear<'m> {
    Int8(Int8Linear<'m>),
    F32(F32Linear<'m>),
}

impl<'m> Linear<'m> {
    pub(crate) fn view(
        file: &ModelFile<'m>,
        name: &str,
        in_features: usize,
        out_features: usize,
    ) -> Result<Self, Error> {
        let part = |part: &str| format!("{name}.{part}");
        let panels = out_features.div_ceil(PANEL);
        let bias = file.tensor(&part("bias"), &[panels, PANEL])?;
        Ok(match file.config().precision {
            precision @ (Precision::Int8 | Precision::Int6E4) => {
                let outliers = file.dimension(&part("outliers"), 0)?;
                let groups = file.dimension(&part("sum"), 1)?;
                let linear = Int8Linear {
                    weight: match precision {
                        Precision::Int6E4 => unpacked(file, &part("weight"), in_features, out_features)?,
                        _ => Weights::InFile(
                            file.tensor(&part("weight"), &int8_weight_shape(in_features, out_features))?,
                        ),
                    },
                    scale: file.tensor(&part("scale"), &[panels, PANEL])?,
                    sum: file.tensor(&part("sum"), &[panels, groups, PANEL])?,
                    bias,
                    smooth: file.tensor(&part("smooth"), &[in_features])?,
                    outliers: file.tensor(&part("outliers"), &[outliers])?,
                    outlier_weight: file.tensor(&part("outlier_weight"), &[panels, outliers, PANEL])?,
                    out_features,
                    groups,
                };
                check_outliers(name, linear.outliers, in_features)?;
                check_groups(name, groups, in_features)?;
                Self::Int8(linear)
            }
            Precision::F32 => Self::F32(F32Linear {
                weight: file.tensor(&part("weight"), &f32_weight_shape(in_features, out_features))?,
                bias,
                in_features,
                out_features,
            }),
        })
    }

    /// `in_features` and `out_features`.
    #[cfg(feature = "bench")]
    pub(crate) fn shape(&self) -> (usize, usize) {
        match self {
            Self::Int8(linear) => (linear.smooth.len(), linear.out_features),
            Self::F32(linear) => (linear.in_features, linear.out_features),
        }
    }

    /// `x` `[rows, in_features]` to `out` `[rows, out_features]`.
    pub(crate) fn forward(&self, x: &[f32], scratch: &mut Int8Scratch, out: &mut [f32]) {
        match self {
            Self::Int8(linear) => linear.forward(x, scratch, out, Activation::Identity),
            Self::F32(linear) => linear.forward(x, out, Activation::Identity),
        }
    }

    /// Adds the first rows of `addend` to `x` and normalizes the sum by `norm`, in place: the input of the two that follow.
    pub(crate) fn add_norm(&self, x: &mut [f32], addend: &[f32], norm: &LayerNorm<'_>, scratch: &mut Int8Scratch) {
        match self {
            Self::Int8(linear) => linear.add_norm(x, addend, norm, scratch),
            Self::F32(_) => norm.add_forward(x, addend),
        }
    }

    /// [`Linear::forward`] right after [`Linear::add_norm`] made `x`.
    pub(crate) fn forward_normed(&self, x: &[f32], scratch: &mut Int8Scratch, out: &mut [f32]) {
        match self {
            Self::Int8(linear) => linear.multiply(scratch, out, Activation::Identity),
            Self::F32(linear) => linear.forward(x, out, Activation::Identity),
        }
    }

    /// The same, each output passed through GELU.
    pub(crate) fn forward_normed_gelu(&self, x: &[f32], scratch: &mut Int8Scratch, out: &mut [f32]) {
        match self {
            Self::Int8(linear) => linear.multiply(scratch, out, Activation::CoarseGelu),
            Self::F32(linear) => linear.forward(x, out, Activation::Gelu),
        }
    }
}

/// 6-bit weights in the layout of 8-bit ones. Four of them never overflow a lane of the kernels.
fn unpacked<'m>(
    file: &ModelFile<'m>,
    name: &str,
    in_features: usize,
    out_features: usize,
) -> Result<Weights<'m>, Error> {
    let packed: &[u8] = file.tensor(name, &int6_weight_shape(in_features, out_features))?;
    let mut unpacked = AlignedBytes::zeroed(int8_weight_shape(in_features, out_features).iter().product())?;
    unpack_int6(packed, bytemuck::cast_slice_mut(&mut unpacked));
    Ok(Weights::Unpacked(unpacked))
}

/// The kernel indexes its input with these.
fn check_outliers(name: &str, outliers: &[u32], in_features: usize) -> Result<(), Error> {
    match outliers.iter().find(|&&channel| channel as usize >= in_features) {
        Some(channel) => {
            Err(Error::config(format!("{name}.outliers"), format!("channel {channel} is not below {in_features}")))
        }
        None => Ok(()),
    }
}

/// Groups are a whole number of quantized blocks, so that each starts where the last one ends.
fn check_groups(name: &str, groups: usize, in_features: usize) -> Result<(), Error> {
    if groups == 1 || (groups > 0 && in_features.is_multiple_of(groups * padded_len(1))) {
        return Ok(());
    }
    Err(Error::config(format!("{name}.sum"), format!("{groups} groups do not divide {in_features} inputs")))
}
