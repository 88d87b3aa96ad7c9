//! candle's own BERT and the `tokenizers` crate, `f32`, behind the C interface of `minilm-bench`: what one writes today to have
//! sentence embeddings in WebAssembly. Unlike candle's example it passes the attention mask and leaves padding out of the mean.
#![allow(unsafe_code, reason = "exported functions with pointers of the host")]

mod bert;

use std::cell::RefCell;

use bert::Bert;

thread_local! {
    static STATE: RefCell<State> = RefCell::default();
}

#[derive(Default)]
struct State {
    /// Buffers that the host fills, 8-byte aligned.
    buffers: Vec<Vec<u64>>,
    bert: Option<Bert>,
    texts: Vec<String>,
    vectors: Vec<f32>,
}

/// A buffer of `len` bytes that lives until the end, 8-byte aligned.
#[unsafe(no_mangle)]
pub extern "C" fn allocate(len: usize) -> *mut u8 {
    let mut buffer = vec![0_u64; len.div_ceil(8)];
    let address = buffer.as_mut_ptr().cast();
    STATE.with_borrow_mut(|state| state.buffers.push(buffer));
    address
}

/// Takes the model in a buffer: `config.json`, `tokenizer.json`, `sentence_bert_config.json` and `model.safetensors`, each
/// behind its length as 4 bytes, little-endian. Returns the width of its vectors, 0 where it is not valid.
///
/// # Safety
/// `bytes` is from [`allocate`] with `len` bytes or more, and is not written to afterwards.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn load(bytes: *const u8, len: usize) -> usize {
    // SAFETY: the caller's promise.
    let bytes = unsafe { std::slice::from_raw_parts(bytes, len) };
    STATE.with_borrow_mut(|state| {
        state.bert = Bert::load(bytes).ok();
        state.bert.as_ref().map_or(0, |bert| bert.dim)
    })
}

/// Takes the texts in a buffer, one a line. Returns their tokens, 0 where something is wrong.
///
/// # Safety
/// As for [`load`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn set_texts(bytes: *const u8, len: usize) -> usize {
    // SAFETY: the caller's promise.
    let bytes = unsafe { std::slice::from_raw_parts(bytes, len) };
    STATE.with_borrow_mut(|state| {
        state.texts = std::str::from_utf8(bytes).unwrap_or_default().lines().map(str::to_owned).collect();
        state.bert.as_ref().and_then(|bert| bert.count_tokens(&state.texts).ok()).unwrap_or(0)
    })
}

/// Encodes the texts. Returns where their vectors `[texts, dim]` lie until the next call, null where something is wrong.
#[unsafe(no_mangle)]
pub extern "C" fn encode() -> *const f32 {
    STATE.with_borrow_mut(|state| {
        let Some(vectors) = state.bert.as_ref().and_then(|bert| bert.encode(&state.texts).ok()) else {
            return std::ptr::null();
        };
        state.vectors = vectors;
        state.vectors.as_ptr()
    })
}
