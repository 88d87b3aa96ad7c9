//! Carrying a model inside the program.

/// Bytes that start on a 64-byte boundary.
#[derive(Debug)]
#[repr(C, align(64))]
pub struct Aligned<T: ?Sized>(pub T);

/// The bytes of a packed file as read-only data of the program, aligned, as a `&'static [u8]`. Nothing is loaded or copied
/// at start: a page is read when the first token touches it.
///
/// ```ignore
/// static MODEL: &[u8] = minilm::include_model!("all-MiniLM-L6-v2-int8.minilm");
/// let embedder = minilm::Embedder::from_static(MODEL)?;
/// ```
#[macro_export]
macro_rules! include_model {
    ($path:expr $(,)?) => {{
        static MODEL: &$crate::Aligned<[u8]> = &$crate::Aligned(*::core::include_bytes!($path));
        &MODEL.0
    }};
}
