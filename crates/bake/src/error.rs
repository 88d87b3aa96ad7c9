//! Why a model cannot be baked.

/// Which file is at fault, and why.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BakeError {
    /// The file has no header of a component or core module.
    #[error("the file is not WebAssembly: it has the header of neither a component nor a core module")]
    NotWasm,
    /// The file ends early, or its structure is wrong.
    #[error("the WebAssembly file is damaged: {0}")]
    Damaged(wasmparser::Error),
    /// A nested binary has no header.
    #[error("the WebAssembly file is damaged: no component or core module begins at offset {offset:#x}")]
    NestedNotWasm {
        /// Bytes before it in the file.
        offset: usize,
    },
    /// Components are nested deeper than any composition.
    #[error("the components in the file are nested more than {limit} deep")]
    TooDeep {
        /// Levels that are looked through.
        limit: usize,
    },
    /// Nothing in the file can take a model.
    #[error("the file has no slot for a model: bake into a component of minilm that was built without a model")]
    NoSlot,
    /// It would not be clear which slot is meant.
    #[error("the file has {found} slots for a model, not one: bake before composing components")]
    SeveralSlots {
        /// Slots in the file.
        found: usize,
    },
    /// The slot is in use.
    #[error(
        "the file already has a model of {len} bytes: bake into the component without one, a model that is in cannot be replaced"
    )]
    AlreadyBaked {
        /// Size of the model in bytes.
        len: u32,
    },
    /// The data of the module ends within the slot.
    #[error(
        "the slot for a model at offset {offset:#x} is cut off: the data of the module was changed after it was compiled"
    )]
    SlotCutOff {
        /// Bytes before the slot in the file.
        offset: usize,
    },
    /// The module with the slot has a memory that cannot be enlarged here.
    #[error("the module with the slot {0}: its memory must be its own, with 32-bit addresses and pages of 64 KiB")]
    Memory(&'static str),
    /// Memory or file would be larger than WebAssembly allows.
    #[error("the model is too large: {needed} bytes would be needed with the module, the limit is 4294967296")]
    TooLarge {
        /// Bytes of memory, or of a section, with the model.
        needed: u64,
    },
    /// The packed file is damaged, or none.
    #[error("the model cannot be used: {0}")]
    Model(minilm::Error),
}

// By hand, as `#[from]` would make it a source too, and it is in the message already.
impl From<wasmparser::Error> for BakeError {
    fn from(error: wasmparser::Error) -> Self {
        Self::Damaged(error)
    }
}
