//! What wasmtime's compiler makes of a module, by function.

use iced_x86::{Decoder, DecoderOptions, EncodingKind, Instruction, InstructionInfoFactory};
use object::{Object, ObjectSection, ObjectSymbol, SymbolKind};

/// The machine code of a module.
pub struct MachineCode {
    /// Where it starts in the file that wasmtime writes, which is also how far it is from the start of the image of a loaded module.
    pub offset: usize,
    code: Vec<u8>,
    functions: Vec<(String, usize, usize)>,
}

impl MachineCode {
    /// Reads a file of [`wasmtime::Engine::precompile_module`].
    pub fn read(elf: &[u8]) -> Self {
        let file = object::File::parse(elf).expect("wasmtime writes an ELF file");
        let text = file.section_by_name(".text").expect("it has code");
        let (offset, _) = text.file_range().expect("the code is in the file");
        let functions = file.symbols().filter(|symbol| symbol.kind() == SymbolKind::Text).map(|symbol| {
            let name = symbol.name().expect("names are UTF-8").to_owned();
            (name, symbol.address() as usize, symbol.size() as usize)
        });
        let functions = functions.collect();
        Self { offset: offset as usize, code: text.data().expect("the code is in the file").to_vec(), functions }
    }

    /// Size of all of it in bytes.
    pub fn len(&self) -> usize {
        self.code.len()
    }

    /// Name, start and code of each function.
    pub fn functions(&self) -> impl Iterator<Item = (&str, usize, &[u8])> {
        self.functions.iter().map(|(name, start, len)| (name.as_str(), *start, &self.code[*start..][..*len]))
    }

    /// What was executed of each function: vector instructions in SSE encoding, all instructions, and the name. `counts` says how often the
    /// instruction at each byte ran.
    pub fn executed(&self, counts: &[u32]) -> Vec<(u64, u64, &str)> {
        let mut encodings = Encodings::default();
        let mut function = |(name, start, code)| {
            let (mut sse, mut all) = (0, 0);
            for instruction in instructions(code, start) {
                let count = u64::from(counts[instruction.ip() as usize]);
                all += count;
                sse += if encodings.is_sse(&instruction) { count } else { 0 };
            }
            (sse, all, name)
        };
        self.functions().map(&mut function).collect()
    }
}

/// The instructions of a function that starts at `start`.
pub fn instructions(code: &[u8], start: usize) -> Vec<Instruction> {
    Decoder::with_ip(64, code, start as u64, DecoderOptions::NONE).into_iter().collect()
}

/// Tells vector instructions by their encoding.
#[derive(Default)]
pub struct Encodings(InstructionInfoFactory);

impl Encodings {
    /// Whether `instruction` is one on vector registers, in SSE encoding.
    pub fn is_sse(&mut self, instruction: &Instruction) -> bool {
        instruction.encoding() == EncodingKind::Legacy && self.uses_vectors(instruction)
    }

    /// Whether `instruction` is one on vector registers, in AVX encoding.
    pub fn is_avx(&mut self, instruction: &Instruction) -> bool {
        instruction.encoding() != EncodingKind::Legacy && self.uses_vectors(instruction)
    }

    fn uses_vectors(&mut self, instruction: &Instruction) -> bool {
        let used = self.0.info(instruction).used_registers().iter();
        used.into_iter().any(|used| used.register().is_vector_register())
    }
}
