//! Modules, components and model files that are just large enough.

use minilm::BAKED_MAGIC;
use wasm_encoder::{
    Component, ConstExpr, CustomSection, DataCountSection, DataSection, EntityType, ExportKind, ExportSection,
    ImportSection, MemorySection, MemoryType, Module, RawSection,
};
use xxhash_rust::xxh3::xxh3_64;

/// Where the slot is in the memory of a module.
pub const SLOT_ADDRESS: usize = 2048 + 7;

/// A core module to be made.
#[derive(Clone, Copy)]
pub struct Wasm {
    pub pages: u64,
    pub maximum: Option<u64>,
    pub memory64: bool,
    pub page_size_log2: Option<u32>,
    /// Whether the memory is imported.
    pub imported: bool,
    pub memories: usize,
    pub slots: usize,
    /// The length that stands in the slots.
    pub len: u32,
    /// Bytes of a slot.
    pub slot_len: usize,
    pub data_count: bool,
}

impl Default for Wasm {
    fn default() -> Self {
        Self {
            pages: 3,
            maximum: None,
            memory64: false,
            page_size_log2: None,
            imported: false,
            memories: 1,
            slots: 1,
            len: 0,
            slot_len: 24,
            data_count: false,
        }
    }
}

impl Wasm {
    /// Two data segments, the slots in the second one, and the memory exported as `memory`.
    pub fn module(&self) -> Vec<u8> {
        let memory = MemoryType {
            minimum: self.pages,
            maximum: self.maximum,
            memory64: self.memory64,
            shared: false,
            page_size_log2: self.page_size_log2,
        };
        let (mut imports, mut memories) = (ImportSection::new(), MemorySection::new());
        if self.imported {
            imports.import("host", "memory", EntityType::Memory(memory));
        }
        for _ in 0..self.memories {
            memories.memory(memory);
        }
        let mut exports = ExportSection::new();
        if self.memories > 0 {
            exports.export("memory", ExportKind::Memory, 0);
        }
        let mut slot = [&BAKED_MAGIC[..], &1_u32.to_le_bytes(), &self.len.to_le_bytes()].concat();
        slot.truncate(self.slot_len);
        let after = if self.slot_len < 24 { &b""[..] } else { b" after" };
        let slots = [&b"before "[..], &slot.repeat(self.slots), after].concat();
        let address = |address| {
            if self.memory64 { ConstExpr::i64_const(address) } else { ConstExpr::i32_const(address as i32) }
        };
        let mut data = DataSection::new();
        data.active(0, &address(0), *b"before any slot");
        data.active(0, &address(2048), slots);

        let mut module = Module::new();
        module.section(&imports).section(&memories).section(&exports);
        if self.data_count {
            module.section(&DataCountSection { count: 2 });
        }
        module.section(&data).section(&custom());
        module.finish()
    }
}

fn custom() -> CustomSection<'static> {
    CustomSection { name: "test".into(), data: b"unchanged"[..].into() }
}

/// A component of core modules.
pub fn component(modules: &[&[u8]]) -> Vec<u8> {
    let mut component = Component::new();
    for module in modules {
        component.section(&RawSection { id: 1, data: module });
    }
    component.section(&custom());
    component.finish()
}

/// A component around another one.
pub fn nested(inner: &[u8]) -> Vec<u8> {
    let mut component = Component::new();
    component.section(&RawSection { id: 4, data: inner }).section(&custom());
    component.finish()
}

/// A packed file with `len` bytes of tensors, which is all that is checked before a model is used.
pub fn model(len: usize) -> Vec<u8> {
    let config = r#"{
        "name": "test", "model_sha256": "0000000000000000000000000000000000000000000000000000000000000000",
        "weights_sha256": "0000000000000000000000000000000000000000000000000000000000000000",
        "precision": "int8", "pooling": "mean", "normalize": true, "max_seq_length": 8, "prompts": {},
        "default_prompt_name": null, "similarity": "cosine",
        "encoder": {
            "vocab_size": 4, "hidden_size": 4, "num_hidden_layers": 1, "num_attention_heads": 1, "intermediate_size": 4,
            "max_position_embeddings": 8, "type_vocab_size": 1, "layer_norm_eps": 1e-12
        },
        "tokenizer": {
            "lowercase_first": false, "clean_text": true, "handle_chinese_chars": true, "strip_accents": true,
            "lowercase": true, "max_input_chars_per_word": 100, "unk_id": 0, "cls_id": 1, "sep_id": 2, "added_tokens": []
        }
    }"#;
    let header = serde_json::json!({
        "__metadata__": { "minilm.format_version": minilm::FORMAT_VERSION.to_string(), "minilm.config": config },
        "weights": { "dtype": "U8", "shape": [len], "data_offsets": [0, len] },
        "checksum": { "dtype": "U64", "shape": [1], "data_offsets": [len, len + 8] },
    });
    let header = header.to_string();
    let mut file = (header.len() as u64).to_le_bytes().to_vec();
    file.extend(header.as_bytes());
    file.extend((0..len).map(|index| index as u8));
    file.extend(xxh3_64(&file).to_le_bytes());
    file
}
