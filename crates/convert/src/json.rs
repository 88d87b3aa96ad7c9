//! Reading the JSON files of a model directory, with errors that name file and field.

use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use crate::error::Error;
use crate::files::ModelFiles;

/// The file at `path`, or `None` where it is absent.
pub(super) fn read<T: DeserializeOwned>(files: &ModelFiles, path: &str) -> Result<Option<T>, Error> {
    let Some(content) = files.get(path) else {
        return Ok(None);
    };
    let parsed = serde_json::from_slice(content);
    parsed.map(Some).map_err(|cause| Error::Json { file: path.to_owned(), cause })
}

/// Whether a field says nothing: `null`, `false`, or empty.
pub(super) fn is_void(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(false) => true,
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Object(fields) => fields.values().all(is_void),
        Value::Bool(true) | Value::Number(_) => false,
    }
}

/// Refuses fields that are in neither `known` nor void: a setting that is silently ignored would give other vectors.
pub(super) fn refuse_unknown(file: &str, fields: &Map<String, Value>, ignored: &[&str]) -> Result<(), Error> {
    for (name, value) in fields {
        if !ignored.contains(&name.as_str()) && !is_void(value) {
            return Err(Error::config(format!("{file}: {name}"), "this setting is not supported"));
        }
    }
    Ok(())
}
