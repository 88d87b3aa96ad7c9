//! Writes a packed file: header and tensors, each on a 64-byte boundary, and the checksum at the end.

use minilm::format::names::CHECKSUM;
use minilm::format::{ALIGNMENT, Element, FORMAT_VERSION, KEY_CONFIG, KEY_VERSION, MAX_HEADER_LEN, PREFIX_LEN};
use minilm::{Config, Error};
use safetensors::tensor::Dtype;
use serde_json::{Map, Value, json};
use xxhash_rust::xxh3::xxh3_64;

/// Collects tensors in the order in which they will lie in the file.
#[derive(Default)]
pub(crate) struct Writer {
    header: Map<String, Value>,
    data: Vec<u8>,
    paddings: usize,
}

impl Writer {
    /// A writer that need not grow for a file of `bytes` bytes.
    ///
    /// # Errors
    /// [`Error::OutOfMemory`].
    pub(crate) fn with_capacity(bytes: usize) -> Result<Self, Error> {
        let mut writer = Self::default();
        let len = bytes.saturating_add(PREFIX_LEN + MAX_HEADER_LEN);
        writer.data.try_reserve_exact(len).map_err(|_| Error::OutOfMemory { bytes: len })?;
        Ok(writer)
    }

    /// Appends a tensor. `values` has as many elements as `shape` says.
    pub(crate) fn push<T: Element + bytemuck::NoUninit>(&mut self, name: &str, shape: &[usize], values: &[T]) {
        debug_assert_eq!(values.len(), shape.iter().product::<usize>(), "{name}");
        self.align();
        self.append(name, T::DTYPE, shape, bytemuck::cast_slice(values));
    }

    /// Fills up to the next boundary. safetensors allows no gaps, so the filling is a tensor too.
    fn align(&mut self) {
        let gap = self.data.len().next_multiple_of(ALIGNMENT) - self.data.len();
        if gap > 0 {
            let name = format!("padding.{}", self.paddings);
            self.paddings += 1;
            self.append(&name, Dtype::U8, &[gap], &[0; ALIGNMENT][..gap]);
        }
    }

    fn append(&mut self, name: &str, dtype: Dtype, shape: &[usize], bytes: &[u8]) {
        let start = self.data.len();
        self.data.extend_from_slice(bytes);
        let entry = json!({
            "dtype": dtype.to_string(),
            "shape": shape,
            "data_offsets": [start, self.data.len()],
        });
        self.header.insert(name.to_owned(), entry);
    }

    /// The bytes of the file.
    ///
    /// # Errors
    /// [`Error::HeaderTooLarge`] where the model has too many layers for the format.
    pub(crate) fn finish(mut self, config: &Config) -> Result<Vec<u8>, Error> {
        self.align();
        self.append(CHECKSUM, Dtype::U64, &[1], &[0; 8]);
        let metadata = json!({
            "format": "minilm",
            KEY_VERSION: FORMAT_VERSION.to_string(),
            KEY_CONFIG: json!(config).to_string(),
        });
        self.header.insert("__metadata__".to_owned(), metadata);
        let mut header = Value::Object(self.header).to_string().into_bytes();
        let padded = (PREFIX_LEN + header.len()).next_multiple_of(ALIGNMENT) - PREFIX_LEN;
        header.resize(padded, b' ');
        if header.len() > MAX_HEADER_LEN {
            return Err(Error::HeaderTooLarge { found: header.len() as u64, limit: MAX_HEADER_LEN });
        }
        // In place: a second copy of the tensors would double the memory of a conversion.
        let (mut file, tensors) = (self.data, PREFIX_LEN + header.len());
        let len = file.len();
        file.resize(len + tensors, 0);
        file.copy_within(..len, tensors);
        file[..PREFIX_LEN].copy_from_slice(&(header.len() as u64).to_le_bytes());
        file[PREFIX_LEN..tensors].copy_from_slice(&header);
        let content = file.len() - 8;
        let checksum = xxh3_64(&file[..content]);
        file[content..].copy_from_slice(&checksum.to_le_bytes());
        Ok(file)
    }
}
