//! The zip form of `torch.save`: a folder of any name with `data.pkl`, `byteorder` and the numbers in `data/0`, `data/1`, …

use std::io::Cursor;

use zip::{CompressionMethod, ZipArchive};

/// An archive whose files lie in it as they are, so that they are read in place.
pub(super) struct Archive<'a> {
    bytes: &'a [u8],
    zip: ZipArchive<Cursor<&'a [u8]>>,
    /// With a slash at the end.
    folder: String,
}

impl<'a> Archive<'a> {
    pub(super) fn open(bytes: &'a [u8]) -> Result<Self, String> {
        let invalid = |error| format!("not a valid zip file: {error}");
        let zip = ZipArchive::new(Cursor::new(bytes)).map_err(invalid)?;
        if zip.metadata().has_duplicate_names() {
            return Err("two files in it have the same name".to_owned());
        }
        let folders: Vec<String> = zip
            .file_names()
            .filter_map(|name| Some(name.ok()?.strip_suffix("data.pkl")?.to_owned()))
            .filter(|folder| folder.find('/') == folder.len().checked_sub(1))
            .collect();
        let [folder] = <[String; 1]>::try_from(folders)
            .map_err(|folders| format!("it has {} files `data.pkl` in a folder at the top, not one", folders.len()))?;
        Ok(Self { bytes, zip, folder })
    }

    /// The content of a file in the folder. Its checksum is not read, as torch.load does not read it: torch.save can leave it out.
    pub(super) fn get(&mut self, file: &str) -> Result<Option<&'a [u8]>, String> {
        let path = format!("{}{file}", self.folder);
        let Some(index) = self.zip.index_for_name(&path) else { return Ok(None) };
        let entry = self.zip.by_index_raw(index).map_err(|error| format!("`{path}`: {error}"))?;
        if entry.compression() != CompressionMethod::Stored || entry.encrypted() {
            return Err(format!("`{path}` is compressed or encrypted, which torch.save does not do"));
        }
        let start = entry.data_start().and_then(|start| usize::try_from(start).ok());
        let len = usize::try_from(entry.compressed_size()).ok();
        let content = start.zip(len).and_then(|(start, len)| self.bytes.get(start..start.checked_add(len)?));
        content.map(Some).ok_or_else(|| format!("`{path}` lies outside of the file"))
    }
}
