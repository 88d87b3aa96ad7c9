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
}
