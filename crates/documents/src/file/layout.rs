//! Where everything lies: a pure function of what the file says about itself, for the writer and the reader alike. So the reader
//! trusts no offset of a file: it computes them, and refuses a file whose header is not the one that belongs to them.

use minilm::ALIGNMENT;
use serde_json::{Map, Value, json};

use super::{FileError, INDEX_VERSION, IndexInfo};

/// Bytes of the length prefix of a safetensors file.
pub(super) const PREFIX_LEN: usize = 8;
/// Bytes of the checksum.
pub(super) const CHECKSUM_LEN: u64 = 8;
/// Longest header that is read: room for more than a hundred fields.
const MAX_HEADER_LEN: usize = 128 << 10;

const FORMAT: &str = "minilm-index";
const KEY_VERSION: &str = "minilm-index.version";
const KEY_INFO: &str = "minilm-index.info";
const KEY_DOCUMENTS: &str = "documents.json";

/// A run of bytes in the file.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Section {
    pub(super) start: u64,
    pub(super) len: u64,
}

/// The sections of a text field.
#[derive(Clone, Copy, Debug)]
pub(super) struct FieldLayout {
    /// F32 `[rows, dim]`.
    pub(super) vectors: Section,
    /// I8 `[rows, dim]`.
    pub(super) values: Section,
    /// F32 `[rows]`.
    pub(super) scales: Section,
    /// F32 `[rows]`.
    pub(super) errors: Section,
    /// U32 `[rows]`: the document of a row, ascending.
    pub(super) documents: Section,
}

/// All sections.
#[derive(Clone, Debug)]
pub(super) struct Layout {
    /// Length prefix and header.
    pub(super) head: Vec<u8>,
    /// U8: the documents, one behind the other.
    pub(super) json: Section,
    /// U64 `[documents + 1]`: where each starts, and the end of the last.
    pub(super) offsets: Section,
    /// U64 `[documents]`: xxh3-64 of each id, ascending.
    pub(super) id_hashes: Section,
    /// U32 `[documents]`: the document with that id.
    pub(super) id_documents: Section,
    pub(super) fields: Vec<FieldLayout>,
    /// Bytes of the file, the checksum at the end included.
    pub(super) file_len: u64,
}

/// Lays sections end to end, each on a boundary. safetensors allows no gaps, so the filling is a tensor too.
#[derive(Default)]
struct Plan {
    header: Map<String, Value>,
    at: u64,
    paddings: usize,
}

impl Plan {
    fn put(&mut self, name: &str, dtype: &str, size: u64, shape: &[usize]) -> Option<Section> {
        let gap = self.at.checked_next_multiple_of(ALIGNMENT as u64)? - self.at;
        if gap > 0 {
            let name = format!("padding.{}", self.paddings);
            self.paddings += 1;
            self.append(&name, "U8", gap, &[gap as usize])?;
        }
        let len = shape.iter().try_fold(size, |len, &n| len.checked_mul(n as u64))?;
        self.append(name, dtype, len, shape)
    }

    fn append(&mut self, name: &str, dtype: &str, len: u64, shape: &[usize]) -> Option<Section> {
        let start = self.at;
        self.at = start.checked_add(len)?;
        let entry = json!({ "dtype": dtype, "shape": shape, "data_offsets": [start, self.at] });
        self.header.insert(name.to_owned(), entry);
        Some(Section { start, len })
    }
}

impl Layout {
    /// The layout of a file of `json_len` bytes of documents.
    pub(super) fn new(info: &IndexInfo, json_len: usize) -> Result<Self, FileError> {
        let too_large = || FileError::NotAnIndex("its sizes are beyond any file".to_owned());
        Self::plan(info, json_len).ok_or_else(too_large)
    }

    fn plan(info: &IndexInfo, json_len: usize) -> Option<Self> {
        let mut plan = Plan::default();
        // Row numbers are kept in 32 bits.
        let documents = u32::try_from(info.documents).ok()? as usize;
        let json = plan.put(KEY_DOCUMENTS, "U8", 1, &[json_len])?;
        let offsets = plan.put("documents.offsets", "U64", 8, &[documents.checked_add(1)?])?;
        let id_hashes = plan.put("ids.hashes", "U64", 8, &[documents])?;
        let id_documents = plan.put("ids.documents", "U32", 4, &[documents])?;
        let mut fields = Vec::new();
        for field in &info.fields {
            let (rows, dim) = (field.rows, info.model.dim);
            if rows > documents {
                return None;
            }
            let name = |part: &str| format!("fields.{}.{part}", field.name);
            fields.push(FieldLayout {
                vectors: plan.put(&name("vectors"), "F32", 4, &[rows, dim])?,
                values: plan.put(&name("values"), "I8", 1, &[rows, dim])?,
                scales: plan.put(&name("scales"), "F32", 4, &[rows])?,
                errors: plan.put(&name("errors"), "F32", 4, &[rows])?,
                documents: plan.put(&name("documents"), "U32", 4, &[rows])?,
            });
        }
        plan.put("checksum", "U64", CHECKSUM_LEN, &[1])?;
        let data_len = plan.at;
        let head = head(plan.header, info);
        let start = head.len() as u64;
        let file_len = start.checked_add(data_len)?;
        let moved = |section: Section| Section { start: section.start + start, ..section };
        let fields = fields.into_iter().map(|field: FieldLayout| FieldLayout {
            vectors: moved(field.vectors),
            values: moved(field.values),
            scales: moved(field.scales),
            errors: moved(field.errors),
            documents: moved(field.documents),
        });
        Some(Self {
            json: moved(json),
            offsets: moved(offsets),
            id_hashes: moved(id_hashes),
            id_documents: moved(id_documents),
            fields: fields.collect(),
            head,
            file_len,
        })
    }

    /// What a header says: the facts, and the length of the documents.
    pub(super) fn read(header: &[u8]) -> Result<(IndexInfo, usize), FileError> {
        let not = |reason: &str| FileError::NotAnIndex(reason.to_owned());
        let header: Value =
            serde_json::from_slice(header).map_err(|_| not("it does not start with a safetensors header"))?;
        let metadata = &header["__metadata__"];
        if metadata["format"] != FORMAT {
            return Err(match metadata["format"].as_str() {
                Some(format) => FileError::NotAnIndex(format!("its format is {format:?}")),
                None => not("its header does not name the format"),
            });
        }
        let version = metadata[KEY_VERSION].as_str().unwrap_or_default();
        // Which of them it is shows in the facts, too: a header that contradicts itself is refused later.
        if !(1..=INDEX_VERSION).any(|known| version == known.to_string()) {
            return Err(FileError::Version { found: version.to_owned() });
        }
        let info = serde_json::from_str(metadata[KEY_INFO].as_str().unwrap_or_default())
            .map_err(|error| FileError::Damaged(format!("`{KEY_INFO}` of its header: {error}")))?;
        let json_len = header[KEY_DOCUMENTS]["shape"][0].as_u64().and_then(|len| usize::try_from(len).ok());
        Ok((info, json_len.ok_or_else(|| FileError::Damaged(format!("its header has no `{KEY_DOCUMENTS}`")))?))
    }

    /// The length of a header from the prefix of a file.
    pub(super) fn header_len(prefix: [u8; PREFIX_LEN]) -> Result<usize, FileError> {
        match usize::try_from(u64::from_le_bytes(prefix)) {
            Ok(len) if len <= MAX_HEADER_LEN => Ok(len),
            _ => Err(FileError::NotAnIndex("it does not start with a safetensors header".to_owned())),
        }
    }

    /// Whether the header can be read again.
    pub(super) fn fits(&self) -> bool {
        self.head.len() <= PREFIX_LEN + MAX_HEADER_LEN
    }
}

fn head(mut header: Map<String, Value>, info: &IndexInfo) -> Vec<u8> {
    let metadata = json!({
        "format": FORMAT,
        KEY_VERSION: info.version().to_string(),
        KEY_INFO: json!(info).to_string(),
    });
    header.insert("__metadata__".to_owned(), metadata);
    let mut text = Value::Object(header).to_string().into_bytes();
    text.resize((PREFIX_LEN + text.len()).next_multiple_of(ALIGNMENT) - PREFIX_LEN, b' ');
    let mut head = (text.len() as u64).to_le_bytes().to_vec();
    head.append(&mut text);
    head
}
