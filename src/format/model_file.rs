//! Checks a packed file once and hands out its tensors in place.

use safetensors::tensor::Metadata;
use serde::Serialize;
use xxhash_rust::xxh3::xxh3_64;

use super::element::Element;
use super::header;
use super::layout::{CHECKSUM_LEN, FORMAT_VERSION, KEY_CONFIG, KEY_VERSION, MAX_HEADER_LEN, PREFIX_LEN};
use super::names::CHECKSUM;
use crate::{Config, Error};

/// A packed model file, viewed in place: its configuration and its tensors, without the checks of the tensors' shapes that
/// [`Embedder`](crate::Embedder) makes.
#[derive(Debug)]
pub struct ModelFile<'m> {
    metadata: Metadata,
    /// Every byte behind the header.
    data: &'m [u8],
    config: Config,
    checksum: u64,
    len: usize,
}

/// Name, type, shape and place of a tensor, for people.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct TensorInfo {
    /// Name of the tensor.
    pub name: String,
    /// Element type as safetensors spells it.
    pub dtype: String,
    /// Shape, outermost dimension first.
    pub shape: Vec<usize>,
    /// Bytes from the start of the file.
    pub offset: usize,
    /// Size in bytes.
    pub len: usize,
}

impl<'m> ModelFile<'m> {
    /// Checks `bytes` completely: structure, configuration, and the checksum over the whole content.
    ///
    /// Needs less than 1 MiB beside `bytes`, whatever they are.
    ///
    /// # Errors
    /// What is wrong with the file; see [`Error`].
    pub fn check(bytes: &'m [u8]) -> Result<Self, Error> {
        let file = Self::trust(bytes)?;
        let found = xxh3_64(&bytes[..bytes.len() - CHECKSUM_LEN]);
        if found != file.checksum {
            return Err(Error::Checksum { expected: file.checksum, found });
        }
        Ok(file)
    }

    /// Checks the structure and the configuration, and leaves the content untouched, for bytes that the program itself
    /// carries: the pages of the weights are not even read.
    ///
    /// # Errors
    /// What is wrong with the file; see [`Error`]. Damaged weights are not noticed.
    pub fn trust(bytes: &'m [u8]) -> Result<Self, Error> {
        let (header, data) = split_header(bytes)?;
        let metadata = header::read(header, data.len())?;
        let config = read_config(&metadata)?;
        let checksum = read_checksum(&metadata, data)?;
        Ok(Self { metadata, data, config, checksum, len: bytes.len() })
    }

    /// The checked configuration.
    #[must_use]
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// xxh3-64 of the content: it names this very file.
    #[must_use]
    pub fn checksum(&self) -> u64 {
        self.checksum
    }

    /// Size of the file in bytes.
    #[must_use]
    pub fn file_len(&self) -> usize {
        self.len
    }

    /// Every tensor in the order of the file.
    #[must_use]
    pub fn tensors(&self) -> Vec<TensorInfo> {
        let start = self.len - self.data.len();
        let mut tensors: Vec<_> = self.metadata.tensors().into_iter().collect();
        tensors.sort_by_key(|(_, info)| info.data_offsets);
        let describe = |(name, info): (String, &safetensors::tensor::TensorInfo)| TensorInfo {
            name,
            dtype: info.dtype.to_string(),
            shape: info.shape.clone(),
            offset: start + info.data_offsets.0,
            len: info.data_offsets.1 - info.data_offsets.0,
        };
        tensors.into_iter().map(describe).collect()
    }

    /// The values of tensor `name`, which must have the given shape, in place.
    pub(crate) fn tensor<T: Element>(&self, name: &str, shape: &[usize]) -> Result<&'m [T], Error> {
        let info = self.metadata.info(name).ok_or_else(|| Error::MissingTensor(name.to_owned()))?;
        if info.dtype != T::DTYPE {
            return Err(Error::TensorDtype { name: name.to_owned(), found: info.dtype.to_string(), expected: T::NAME });
        }
        if info.shape != shape {
            return Err(Error::TensorShape {
                name: name.to_owned(),
                found: info.shape.clone(),
                expected: shape.to_vec(),
            });
        }
        let (start, end) = info.data_offsets;
        bytemuck::try_cast_slice(&self.data[start..end]).map_err(|_| Error::Misaligned { required: align_of::<T>() })
    }

    /// Dimension `axis` of the tensor `name`; 0 where it has no such axis.
    pub(crate) fn dimension(&self, name: &str, axis: usize) -> Result<usize, Error> {
        let info = self.metadata.info(name).ok_or_else(|| Error::MissingTensor(name.to_owned()))?;
        Ok(info.shape.get(axis).copied().unwrap_or(0))
    }
}

/// Header and data. Refuses a header that is cut off or out of all proportion, before anything is parsed.
fn split_header(bytes: &[u8]) -> Result<(&[u8], &[u8]), Error> {
    let truncated = |needed| Error::Truncated { found: bytes.len(), needed };
    let prefix = bytes.first_chunk().ok_or_else(|| truncated(PREFIX_LEN))?;
    let header_len = u64::from_le_bytes(*prefix);
    if header_len > MAX_HEADER_LEN as u64 {
        return Err(Error::HeaderTooLarge { found: header_len, limit: MAX_HEADER_LEN });
    }
    let needed = PREFIX_LEN + header_len as usize;
    if bytes.len() < needed {
        return Err(truncated(needed));
    }
    let (header, data) = bytes.split_at(needed);
    Ok((&header[PREFIX_LEN..], data))
}

fn read_config(metadata: &Metadata) -> Result<Config, Error> {
    let entry = |key| {
        let entries = metadata.metadata().as_ref();
        entries.and_then(|entries| entries.get(key)).ok_or(Error::NotPacked(key))
    };
    let version = entry(KEY_VERSION)?;
    if *version != FORMAT_VERSION.to_string() {
        return Err(Error::FormatVersion { found: version.clone(), supported: FORMAT_VERSION });
    }
    let config: Config =
        serde_json::from_str(entry(KEY_CONFIG)?).map_err(|cause| Error::Json { file: KEY_CONFIG.to_owned(), cause })?;
    config.check()?;
    Ok(config)
}

/// The stored checksum, which must be the last bytes of the file: it covers all that is before it.
fn read_checksum(metadata: &Metadata, data: &[u8]) -> Result<u64, Error> {
    let missing = || Error::MissingTensor(CHECKSUM.to_owned());
    let info = metadata.info(CHECKSUM).ok_or_else(missing)?;
    let (start, end) = info.data_offsets;
    let bytes = data[start..end].first_chunk().ok_or_else(missing)?;
    if end != data.len() || end - start != CHECKSUM_LEN {
        return Err(Error::TensorShape { name: CHECKSUM.to_owned(), found: info.shape.clone(), expected: vec![1] });
    }
    Ok(u64::from_le_bytes(*bytes))
}
