//! The core behind a plain C interface without imports, so that the same file can be timed in wasmtime, Node and browsers.
//! Hosts bring the clock.
//!
//! Order of calls: [`allocate`] and fill a buffer with a packed model, [`load`]; the same with texts, [`set_texts`]; then
//! [`encode`] as often as wanted.
#![allow(unsafe_code, reason = "exported functions")]

use std::cell::RefCell;

use minilm::bench::{LinearPass, ScanPass};
use minilm::{AlignedBytes, Embedder, EncodeOptions};

thread_local! {
    static STATE: RefCell<State> = RefCell::default();
}

#[derive(Default)]
struct State {
    /// Buffers that the host fills.
    buffers: Vec<AlignedBytes>,
    embedder: Option<Embedder>,
    texts: Vec<String>,
    vectors: Vec<f32>,
    linear: Option<LinearPass>,
    scan: Option<ScanPass>,
}

impl State {
    /// Position of the buffer of `len` bytes at `address`.
    fn buffer(&self, address: *const u8, len: usize) -> Option<usize> {
        self.buffers.iter().position(|buffer| buffer.as_ptr() == address && buffer.len() == len)
    }
}

/// A buffer of `len` bytes, 1 or more, for the host to fill, on a multiple of 64 bytes, as the tensors of a packed file are in it. Null
/// where there is no memory.
#[unsafe(no_mangle)]
pub extern "C" fn allocate(len: usize) -> *mut u8 {
    let Ok(mut buffer) = AlignedBytes::zeroed(len) else { return std::ptr::null_mut() };
    let address = buffer.as_mut_ptr();
    STATE.with_borrow_mut(|state| state.buffers.push(buffer));
    address
}

/// Takes the packed model in a buffer of [`allocate`], which is not used again. Returns the width of its vectors, 0 where it
/// is not valid.
#[unsafe(no_mangle)]
pub extern "C" fn load(bytes: *const u8, len: usize) -> usize {
    STATE.with_borrow_mut(|state| {
        let buffer = state.buffer(bytes, len).map(|position| state.buffers.swap_remove(position));
        state.embedder = buffer.and_then(|buffer| Embedder::from_bytes(buffer).ok());
        state.embedder.as_ref().map_or(0, Embedder::dim)
    })
}

/// Reads the texts in a buffer of [`allocate`], one a line. Returns their tokens, 0 where something is wrong.
#[unsafe(no_mangle)]
pub extern "C" fn set_texts(bytes: *const u8, len: usize) -> usize {
    STATE.with_borrow_mut(|state| {
        let bytes = state.buffer(bytes, len).map_or(&[][..], |position| &state.buffers[position]);
        state.texts = std::str::from_utf8(bytes).unwrap_or_default().lines().map(str::to_owned).collect();
        let tokens = state.embedder.as_ref().and_then(|e| e.tokenize(&state.texts, &EncodeOptions::default()).ok());
        tokens.iter().flatten().map(minilm::Tokens::len).sum()
    })
}

/// Encodes the texts. Returns where their vectors `[texts, dim]` lie until the next call, null where something is wrong.
#[unsafe(no_mangle)]
pub extern "C" fn encode() -> *const f32 {
    STATE.with_borrow_mut(|state| {
        let embeddings = state.embedder.as_ref().and_then(|e| e.encode(&state.texts, &EncodeOptions::default()).ok());
        let Some(embeddings) = embeddings else { return std::ptr::null() };
        state.vectors = embeddings.data;
        state.vectors.as_ptr()
    })
}

/// The instructions of the 8-bit dot product on registers alone. Returns the multiply-accumulates.
#[cfg(target_feature = "relaxed-simd")]
#[unsafe(no_mangle)]
pub extern "C" fn peak(iterations: u32) -> f64 {
    minilm::bench::peak(iterations)
}

/// One pass of all linear layers over `rows` rows; the first with this number prepares it. Returns the multiply-accumulates,
/// 0 where no model is loaded.
#[unsafe(no_mangle)]
pub extern "C" fn linear(rows: usize) -> f64 {
    STATE.with_borrow_mut(|State { embedder, linear, .. }| {
        let Some(embedder) = embedder else { return 0.0 };
        if linear.as_ref().is_none_or(|pass| pass.rows() != rows) {
            *linear = Some(LinearPass::new(embedder, rows));
        }
        linear.as_mut().map_or(0.0, |pass| pass.run(embedder))
    })
}

/// One search over `rows` vectors of 384 dimensions; the first with this number prepares it. Returns the rows.
#[unsafe(no_mangle)]
pub extern "C" fn scan(rows: usize) -> f64 {
    STATE.with_borrow_mut(|State { scan, .. }| {
        if scan.as_ref().is_none_or(|pass| pass.rows() != rows) {
            *scan = Some(ScanPass::new(rows));
        }
        scan.as_ref().map_or(0.0, |pass| {
            std::hint::black_box(pass.run());
            pass.rows() as f64
        })
    })
}
