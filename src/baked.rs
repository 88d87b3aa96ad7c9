//! The model inside a compiled program. Components are built without one; `bake` of the host crate appends a packed file to
//! the finished module and writes its address and length into the slot below.

use std::hint::black_box;

/// Marks the slot in the data of a compiled module.
pub const BAKED_MAGIC: [u8; 16] = *b"\x8bminilm\x00bake\x01\r\n\xb1";

/// On wasm32 this is the magic, the address and the length, 4 bytes each, little-endian: what `bake` looks for and fills in.
/// That the address comes first is no promise of the language; every test of a baked component checks it.
#[repr(C)]
struct Slot {
    magic: [u8; 16],
    model: &'static [u8],
}

#[used]
static SLOT: Slot = Slot { magic: BAKED_MAGIC, model: &[] };

/// The packed model file that was baked into this program, on a 64-byte boundary; none in a program as compiled.
///
/// ```no_run
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let model = minilm::baked_model().ok_or("this component has no model")?;
/// let embedder = minilm::Embedder::from_static(model)?;
/// # Ok(())
/// # }
/// ```
#[must_use]
pub fn baked_model() -> Option<&'static [u8]> {
    // The compiler knows the slot as empty, and must not: it is filled in after compilation. The magic is read through the
    // same reference, so that the linker keeps both in one piece.
    let slot = black_box(&SLOT);
    (!slot.model.is_empty()).then_some(slot.model)
}

#[cfg(test)]
mod tests {
    use super::{BAKED_MAGIC, SLOT, Slot, baked_model};

    #[test]
    fn a_program_as_compiled_has_no_model() {
        assert!(baked_model().is_none());
        assert_eq!(SLOT.magic, BAKED_MAGIC);
    }

    #[test]
    fn the_slot_is_the_magic_and_a_slice() {
        assert_eq!(size_of::<Slot>(), 16 + 2 * size_of::<usize>());
        assert_eq!(std::mem::offset_of!(Slot, model), 16);
    }
}
