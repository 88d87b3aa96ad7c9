//! Ids as plain strings.

use serde_json::Value;
use serde_json::value::RawValue;
use sha2::{Digest, Sha256};

use crate::json::kind;

/// Longest id in bytes: it is part of a path, and of keys in databases.
const MAX_LEN: usize = 512;

/// Types of MongoDB's extended JSON whose one value is a string that says it all.
const PLAIN: [&str; 6] = ["$oid", "$numberLong", "$numberInt", "$numberDouble", "$numberDecimal", "$uuid"];

/// The id in `value`, which is compact JSON. What is neither a string, a number nor one of MongoDB's simple types is an id as the
/// text that it is.
pub(crate) fn simplified(value: &RawValue) -> Result<String, String> {
    let id = match serde_json::from_str(value.get()).unwrap_or_default() {
        Value::String(id) => id,
        Value::Number(_) | Value::Array(_) => value.get().to_owned(),
        Value::Object(object) => {
            let plain = PLAIN.iter().find_map(|name| object.get(*name)?.as_str()).filter(|_| object.len() == 1);
            plain.unwrap_or(value.get()).to_owned()
        }
        other @ (Value::Null | Value::Bool(_)) => {
            let kind = kind(&other);
            return Err(format!("is {kind}; a string, an integer, or MongoDB's extended JSON of an id is needed"));
        }
    };
    if id.is_empty() {
        return Err("is an empty string".to_owned());
    }
    if id.len() > MAX_LEN {
        return Err(format!("has {} bytes, the limit is {MAX_LEN}", id.len()));
    }
    if let Some(character) = id.chars().find(|c| c.is_control()) {
        return Err(format!("holds the control character {character:?}"));
    }
    Ok(id)
}

/// An id for a document without one.
pub(crate) fn hashed(text: &str) -> String {
    Sha256::digest(text).iter().take(16).map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_of_all_kinds() {
        let id = |text: &str| simplified(&RawValue::from_string(text.to_owned()).expect("JSON"));
        for (text, expected) in [
            (r#""a/b c""#, "a/b c"),
            ("7", "7"),
            ("-12345678901234567890", "-12345678901234567890"),
            (r#"{"$oid":"65f0c0ffee65f0c0ffee65f0"}"#, "65f0c0ffee65f0c0ffee65f0"),
            (r#"{"$numberLong":"7"}"#, "7"),
            (r#"{"$uuid":"0b1c"}"#, "0b1c"),
            (r#"{"shop":1,"sku":"x"}"#, r#"{"shop":1,"sku":"x"}"#),
            (r#"{"$oid":7}"#, r#"{"$oid":7}"#),
        ] {
            assert_eq!(id(text).as_deref(), Ok(expected));
        }
        for text in ["null", "true", r#""""#, r#""a\nb""#, &format!("\"{}\"", "x".repeat(513))] {
            assert!(id(text).is_err(), "{text}");
        }
    }

    #[test]
    fn hashes_are_the_start_of_sha256() {
        assert_eq!(hashed("abc"), "ba7816bf8f01cfea414140de5dae2223");
    }
}
