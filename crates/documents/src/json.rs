//! JSON as text.

use std::collections::BTreeMap;

use serde_json::Value;
use serde_json::value::RawValue;

/// Tells strings from what is between them, one byte after the other.
#[derive(Debug, Default)]
pub(crate) struct Strings {
    inside: bool,
    escaped: bool,
}

impl Strings {
    /// Whether `byte` belongs to a string, its quotes included.
    pub(crate) fn has(&mut self, byte: u8) -> bool {
        if !self.inside {
            self.inside = byte == b'"';
            return self.inside;
        }
        self.inside = self.escaped || byte != b'"';
        self.escaped = !self.escaped && byte == b'\\';
        true
    }
}

/// `value` without the white space between its parts.
pub(crate) fn compact(value: &RawValue) -> Result<Box<RawValue>, serde_json::Error> {
    let mut strings = Strings::default();
    // White space is ASCII, and no byte of a longer character is.
    let keep = |c: &char| {
        let byte = u8::try_from(*c).unwrap_or(u8::MAX);
        strings.has(byte) || !matches!(c, ' ' | '\t' | '\n' | '\r')
    };
    RawValue::from_string(value.get().chars().filter(keep).collect())
}

/// The text of an object.
pub(crate) fn object(fields: &BTreeMap<String, Box<RawValue>>) -> Result<String, serde_json::Error> {
    serde_json::to_string(fields)
}

/// Whether two values mean the same.
pub(crate) fn equal(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Number(x), Value::Number(y)) => x == y || (x.as_f64() == y.as_f64() && (x.is_f64() || y.is_f64())),
        (Value::Array(x), Value::Array(y)) => x.len() == y.len() && x.iter().zip(y).all(|(x, y)| equal(x, y)),
        (Value::Object(x), Value::Object(y)) => {
            x.len() == y.len() && x.iter().all(|(name, x)| y.get(name).is_some_and(|y| equal(x, y)))
        }
        _ => a == b,
    }
}

/// What a value is, for people.
#[must_use]
pub fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "an array",
        Value::Object(_) => "an object",
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn white_space_goes_but_not_in_strings() {
        for (text, expected) in [
            ("[ 1 ,\n\t{ \"a b\" : \" \\\" \\\\\" , \"c\" : \" \" } ]", "[1,{\"a b\":\" \\\" \\\\\",\"c\":\" \"}]"),
            ("\" x \"", "\" x \""),
            ("1.50", "1.50"),
        ] {
            let raw = RawValue::from_string(text.to_owned()).expect("JSON");
            assert_eq!(compact(&raw).expect("JSON").get(), expected);
        }
    }

    #[test]
    fn numbers_are_equal_by_value() {
        assert!(equal(&json!({"a": [1, 2.0]}), &json!({"a": [1.0, 2]})));
        assert!(!equal(&json!([1]), &json!([1, 2])));
        assert!(!equal(&json!({"a": 1}), &json!({"b": 1})));
        // As floats they would be the same.
        assert!(!equal(&json!(9_007_199_254_740_993_i64), &json!(9_007_199_254_740_992_i64)));
        assert!(!equal(&json!("1"), &json!(1)));
    }
}
