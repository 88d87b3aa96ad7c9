//! Reads the header of a packed file field by field. `SafeTensors::read_metadata` does the same checks, but buffers the header
//! in a form that may take 60 times its own size.

use std::collections::HashMap;
use std::fmt;

use safetensors::SafeTensorError;
use safetensors::tensor::{Metadata, TensorInfo};
use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, Visitor};

use super::layout::{KEY_CONFIG, KEY_VERSION};

/// Tensors and metadata of `header`, with `data_len` bytes of tensors behind it.
pub(super) fn read(header: &[u8], data_len: usize) -> Result<Metadata, SafeTensorError> {
    let Header { entries, tensors } =
        serde_json::from_slice(header).map_err(SafeTensorError::InvalidHeaderDeserialization)?;
    let mut tensors: Vec<(String, TensorInfo)> = tensors.into_iter().collect();
    tensors.sort_by_key(|(_, info)| info.data_offsets);
    // This checks that the tensors lie end to end and have the size of their shape.
    let metadata = Metadata::new(Some(entries.into_map()), tensors)?;
    if metadata.data_len() != data_len {
        return Err(SafeTensorError::MetadataIncompleteBuffer);
    }
    Ok(metadata)
}

#[derive(Default)]
struct Header {
    entries: Entries,
    tensors: HashMap<String, TensorInfo>,
}

/// The metadata that a packed file has; others are not kept.
#[derive(Default, Deserialize)]
struct Entries {
    #[serde(rename = "minilm.format_version")]
    version: Option<String>,
    #[serde(rename = "minilm.config")]
    config: Option<String>,
}

impl Entries {
    fn into_map(self) -> HashMap<String, String> {
        let entries = [(KEY_VERSION, self.version), (KEY_CONFIG, self.config)];
        entries.into_iter().filter_map(|(key, value)| Some((key.to_owned(), value?))).collect()
    }
}

impl<'de> Deserialize<'de> for Header {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(HeaderVisitor)
    }
}

struct HeaderVisitor;

impl<'de> Visitor<'de> for HeaderVisitor {
    type Value = Header;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a safetensors header")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Header, A::Error> {
        let mut header = Header::default();
        while let Some(name) = map.next_key::<String>()? {
            if name == "__metadata__" {
                header.entries = map.next_value()?;
            } else {
                header.tensors.insert(name, map.next_value()?);
            }
        }
        Ok(header)
    }
}
