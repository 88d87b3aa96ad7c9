//! Packed files taken apart and put together again, with a checksum that is right whatever they hold.

use std::ops::Range;

use serde_json::{Value, json};
use xxhash_rust::xxh3::xxh3_64;

/// Header and data of a packed file.
#[derive(Clone)]
pub struct PackedFile {
    pub header: Value,
    pub data: Vec<u8>,
}

impl PackedFile {
    pub fn open(file: &[u8]) -> Self {
        let header = &file[8..header_end(file)];
        let header = serde_json::from_slice(header).expect("packed files have a JSON header");
        Self { header, data: file[header_end(file)..].to_vec() }
    }

    /// The bytes of the file, with the right checksum in its last eight.
    pub fn seal(&self) -> Vec<u8> {
        let mut file = with_header(self.header.to_string().as_bytes(), &self.data);
        seal(&mut file);
        file
    }

    /// Names of the tensors that the model reads: all but the filling and the checksum.
    pub fn tensors(&self) -> Vec<String> {
        let names = self.header.as_object().expect("headers are objects").keys();
        names
            .filter(|name| !name.starts_with("padding.") && !["__metadata__", "checksum"].contains(&&name[..]))
            .cloned()
            .collect()
    }

    pub fn bytes_of(&self, tensor: &str) -> Range<usize> {
        let offset = |i: usize| self.header[tensor]["data_offsets"][i].as_u64().expect("tensors have offsets") as usize;
        offset(0)..offset(1)
    }

    /// Fills a tensor with `pattern`, over and over.
    pub fn fill(mut self, tensor: &str, pattern: &[u8]) -> Self {
        let range = self.bytes_of(tensor);
        self.data[range].iter_mut().zip(pattern.iter().cycle()).for_each(|(byte, &value)| *byte = value);
        self
    }

    pub fn config(&self) -> Value {
        let text = self.header["__metadata__"]["minilm.config"].as_str().expect("packed files have a configuration");
        serde_json::from_str(text).expect("configurations are JSON")
    }

    /// Changes the configuration.
    pub fn configure(mut self, change: impl FnOnce(&mut Value)) -> Self {
        let mut config = self.config();
        change(&mut config);
        self.header["__metadata__"]["minilm.config"] = json!(config.to_string());
        self
    }
}

/// Where the header of a file ends.
pub fn header_end(file: &[u8]) -> usize {
    8 + u64::from_le_bytes(*file.first_chunk().expect("files have a length prefix")) as usize
}

/// A file of this header, filled up with blanks so that the data is aligned.
pub fn with_header(header: &[u8], data: &[u8]) -> Vec<u8> {
    let len = (8 + header.len()).next_multiple_of(64) - 8;
    let mut file = (len as u64).to_le_bytes().to_vec();
    file.extend_from_slice(header);
    file.resize(8 + len, b' ');
    file.extend_from_slice(data);
    file
}

/// Writes the right checksum into the last eight bytes.
pub fn seal(file: &mut [u8]) {
    let content = file.len().saturating_sub(8);
    let checksum = xxh3_64(&file[..content]).to_le_bytes();
    file[content..].iter_mut().zip(checksum).for_each(|(byte, value)| *byte = value);
}
