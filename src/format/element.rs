//! The element types of a packed file.

use bytemuck::AnyBitPattern;
use safetensors::tensor::Dtype;

/// An element type of a packed file.
pub trait Element: AnyBitPattern {
    /// The type as safetensors has it.
    const DTYPE: Dtype;
    /// Its name, as safetensors spells it.
    const NAME: &'static str;
}

impl Element for i8 {
    const DTYPE: Dtype = Dtype::I8;
    const NAME: &'static str = "I8";
}

impl Element for u8 {
    const DTYPE: Dtype = Dtype::U8;
    const NAME: &'static str = "U8";
}

/// The bits of a `bf16`: the upper half of those of an `f32`.
#[derive(Clone, Copy, Debug, PartialEq, bytemuck::Pod, bytemuck::Zeroable)]
#[repr(transparent)]
pub struct Bf16(pub u16);

impl From<Bf16> for f32 {
    fn from(value: Bf16) -> Self {
        Self::from_bits(u32::from(value.0) << 16)
    }
}

impl Element for Bf16 {
    const DTYPE: Dtype = Dtype::BF16;
    const NAME: &'static str = "BF16";
}

impl Element for i32 {
    const DTYPE: Dtype = Dtype::I32;
    const NAME: &'static str = "I32";
}

impl Element for u32 {
    const DTYPE: Dtype = Dtype::U32;
    const NAME: &'static str = "U32";
}

impl Element for f32 {
    const DTYPE: Dtype = Dtype::F32;
    const NAME: &'static str = "F32";
}
