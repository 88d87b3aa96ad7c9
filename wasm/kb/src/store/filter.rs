//! Filters: what the metadata of a document must equal. Stores say it in their own language; what it means is what
//! [`Document::matches`](minilm_documents::Document::matches) does, for values that are neither lists nor objects.

use minilm_serving::{Problem, excerpt};
use serde_json::{Map, Value};

/// Refuses a filter with values that databases do not compare alike: lists and objects.
///
/// # Errors
/// The key of such a value.
pub fn check(filter: &Map<String, Value>) -> Result<(), Problem> {
    match filter.iter().find(|(_, value)| value.is_array() || value.is_object()) {
        Some((key, _)) => {
            let key = excerpt(key);
            let message = format!("`filter` compares strings, numbers, booleans and null: `{key}` has another value");
            Err(Problem::invalid(message).with_param("filter"))
        }
        None => Ok(()),
    }
}
