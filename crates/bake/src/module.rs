//! A core module: its memory, its data, and the slot in them.

use memchr::memmem;
use minilm::BAKED_MAGIC;
use wasm_encoder::{ConstExpr, Encode, MemorySection, Section as _, SectionId};
use wasmparser::{DataSectionReader, ImportSectionReader, MemorySectionReader, MemoryType, TypeRef};

use super::BakeError;
use super::output::Output;
use super::section::{Section, header, sections};

/// Bytes of a page of memory.
const PAGE: u64 = 1 << 16;
/// Pages that 32-bit addresses reach.
const MAX_PAGES: u64 = 1 << 16;

/// Bytes of the slot: the magic, the address and the length.
const SLOT_LEN: usize = BAKED_MAGIC.len() + 8;

/// What is read of a module before anything is written.
#[derive(Default)]
struct Module<'a> {
    sections: Vec<Section<'a>>,
    /// The types of its own memories.
    memories: Vec<MemoryType>,
    imports_memory: bool,
    /// Where slots begin in the whole file.
    slots: Vec<usize>,
}

/// The core module `wasm`, which starts at `offset` of the whole file, with `model` in it if it has a slot. Adds the slots that
/// there are to `slots`; with more than one of them the result is of no use.
pub fn bake<'a>(wasm: &'a [u8], offset: usize, model: &'a [u8], slots: &mut usize) -> Result<Output<'a>, BakeError> {
    let module = read(wasm, offset)?;
    *slots += module.slots.len();
    let &[slot] = &module.slots[..] else { return Ok(Output::from(wasm)) };
    let (memory, address) = enlarged(&module, model.len())?;

    let mut output = Output::default();
    output.push(header(wasm));
    for section in &module.sections {
        if section.id == u8::from(SectionId::Memory) {
            output.push(memory_section(memory));
        } else if section.id == u8::from(SectionId::DataCount) {
            let count = one_more(section.reader().read_var_u32()?)?;
            output.push_section(section.id, Output::from(encoded(&count)))?;
        } else if section.range().contains(&slot) {
            output.push_section(section.id, data_section(section, slot, address, model)?)?;
        } else {
            output.push(section.whole);
        }
    }
    Ok(output)
}

fn read(wasm: &[u8], offset: usize) -> Result<Module<'_>, BakeError> {
    let mut module = Module::default();
    for section in sections(wasm, offset) {
        let section = section?;
        module.sections.push(section);
        if section.id == u8::from(SectionId::Import) {
            for import in ImportSectionReader::new(section.reader())?.into_imports() {
                module.imports_memory |= matches!(import?.ty, TypeRef::Memory(_));
            }
        } else if section.id == u8::from(SectionId::Memory) {
            for memory in MemorySectionReader::new(section.reader())? {
                module.memories.push(memory?);
            }
        } else if section.id == u8::from(SectionId::Data) {
            find_slots(&section, &mut module.slots)?;
        }
    }
    Ok(module)
}

/// Adds where slots begin in the segments of a data section.
fn find_slots(section: &Section<'_>, slots: &mut Vec<usize>) -> Result<(), BakeError> {
    for segment in DataSectionReader::new(section.reader())? {
        let segment = segment?;
        // A segment ends with its data.
        let start = segment.range.end - segment.data.len();
        for found in memmem::find_iter(segment.data, &BAKED_MAGIC) {
            if segment.data.len() - found < SLOT_LEN {
                return Err(BakeError::SlotCutOff { offset: start + found });
            }
            slots.push(start + found);
        }
    }
    Ok(())
}

/// The module's memory with `len` bytes more, in whole pages, and where these begin: a page, so that any alignment of a model
/// is kept and an engine can map the data instead of copying it.
fn enlarged(module: &Module<'_>, len: usize) -> Result<(MemoryType, u32), BakeError> {
    if module.imports_memory {
        return Err(BakeError::Memory("imports a memory"));
    }
    let &[memory] = &module.memories[..] else {
        return Err(BakeError::Memory(if module.memories.is_empty() {
            "has no memory"
        } else {
            "has several memories"
        }));
    };
    if memory.memory64 {
        return Err(BakeError::Memory("has 64-bit addresses"));
    }
    if memory.page_size_log2.is_some_and(|log2| 1 << log2 != PAGE) {
        return Err(BakeError::Memory("has pages of another size"));
    }
    let pages = (len as u64).div_ceil(PAGE);
    // The numbers of a damaged module may be anything.
    let initial = memory.initial.saturating_add(pages);
    let too_large = BakeError::TooLarge { needed: initial.saturating_mul(PAGE) };
    if initial > MAX_PAGES {
        return Err(too_large);
    }
    let address = u32::try_from(memory.initial * PAGE).map_err(|_| too_large)?;
    let maximum = memory.maximum.map(|maximum| maximum.saturating_add(pages).min(MAX_PAGES));
    Ok((MemoryType { initial, maximum, ..memory }, address))
}

/// The memory section of a module with one memory.
fn memory_section(memory: MemoryType) -> Vec<u8> {
    let mut section = MemorySection::new();
    section.memory(wasm_encoder::MemoryType {
        minimum: memory.initial,
        maximum: memory.maximum,
        memory64: memory.memory64,
        shared: memory.shared,
        page_size_log2: memory.page_size_log2,
    });
    let mut bytes = Vec::new();
    section.append_to(&mut bytes);
    bytes
}

/// The data section with the address and the length of `model` in the slot, and with the model as the last segment.
fn data_section<'a>(
    section: &Section<'a>,
    slot: usize,
    address: u32,
    model: &'a [u8],
) -> Result<Output<'a>, BakeError> {
    let reader = DataSectionReader::new(section.reader())?;
    let segments = reader.original_position() - section.offset;
    let place = slot - section.offset + BAKED_MAGIC.len();
    let (before, rest) = section.body.split_at(place);
    let (filled, after) = rest.split_at(SLOT_LEN - BAKED_MAGIC.len());
    let len = u32::from_le_bytes([filled[4], filled[5], filled[6], filled[7]]);
    if len != 0 {
        return Err(BakeError::AlreadyBaked { len });
    }
    let model_len = u32::try_from(model.len()).map_err(|_| BakeError::TooLarge { needed: model.len() as u64 })?;

    let mut body = Output::default();
    body.push(encoded(&one_more(reader.count())?));
    body.push(&before[segments..]);
    body.push([address.to_le_bytes(), model_len.to_le_bytes()].concat());
    body.push(after);
    // Active, in memory 0.
    let mut head = encoded(&0_u32);
    ConstExpr::i32_const(address.cast_signed()).encode(&mut head);
    model_len.encode(&mut head);
    body.push(head);
    body.push(model);
    Ok(body)
}

/// The number of segments with the model's.
fn one_more(count: u32) -> Result<u32, BakeError> {
    count.checked_add(1).ok_or(BakeError::Memory("has too many data segments"))
}

fn encoded(value: &impl Encode) -> Vec<u8> {
    let mut bytes = Vec::new();
    value.encode(&mut bytes);
    bytes
}
