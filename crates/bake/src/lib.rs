//! Puts a packed model into a compiled component or core module, without a compiler.
//!
//! A component as compiled has an empty slot in its data: [`BAKED_MAGIC`](minilm::BAKED_MAGIC), an address and a length.
//! [`bake`] enlarges the memory of the core module with the slot, appends the model as one more data segment at the old end of
//! that memory, and writes its address and length into the slot. Every other section is copied as it is, so imports, exports
//! and code stay the same. Allocators begin behind the model by themselves: they take the size of the memory from the engine.

mod error;
mod module;
mod output;
mod section;
#[cfg(test)]
mod tests;

use memchr::memmem;
use minilm::{BAKED_MAGIC, ModelFile};
use wasm_encoder::ComponentSectionId;

pub use error::BakeError;
use output::Output;
use section::{Kind, kind, sections};

/// Components in components that are looked through: `wac` nests one level for each composition.
const MAX_DEPTH: usize = 32;

/// `wasm`, a component or a core module without a model, with the packed file `model` in it.
///
/// The model is checked completely first: structure, configuration and checksum. Needs the memory of the result, and little
/// beside it.
///
/// # Errors
/// Which of the two files is at fault, and why; see [`BakeError`]. No input makes it panic.
pub fn bake(wasm: &[u8], model: &[u8]) -> Result<Vec<u8>, BakeError> {
    ModelFile::check(model).map_err(BakeError::Model)?;
    let mut slots = 0;
    let output = match kind(wasm).ok_or(BakeError::NotWasm)? {
        Kind::Module => module::bake(wasm, 0, model, &mut slots)?,
        Kind::Component => component(wasm, 0, model, 0, &mut slots)?,
    };
    match slots {
        0 => Err(BakeError::NoSlot),
        1 => Ok(output.into_bytes()),
        found => Err(BakeError::SeveralSlots { found }),
    }
}

/// The component `wasm`, which starts at `offset` of the whole file and lies in `depth` others.
fn component<'a>(
    wasm: &'a [u8],
    offset: usize,
    model: &'a [u8],
    depth: usize,
    slots: &mut usize,
) -> Result<Output<'a>, BakeError> {
    if depth > MAX_DEPTH {
        return Err(BakeError::TooDeep { limit: MAX_DEPTH });
    }
    let mut output = Output::default();
    output.push(section::header(wasm));
    for section in sections(wasm, offset) {
        let section = section?;
        // Most of a component is types and glue. What does not have the magic is not looked at closer.
        let nested = (section.id == u8::from(ComponentSectionId::CoreModule)
            || section.id == u8::from(ComponentSectionId::Component))
            && memmem::find(section.body, &BAKED_MAGIC).is_some();
        if !nested {
            output.push(section.whole);
            continue;
        }
        let body = match kind(section.body) {
            Some(Kind::Module) => module::bake(section.body, section.offset, model, slots)?,
            Some(Kind::Component) => component(section.body, section.offset, model, depth + 1, slots)?,
            None => return Err(BakeError::NestedNotWasm { offset: section.offset }),
        };
        output.push_section(section.id, body)?;
    }
    Ok(output)
}
