//! JSON as text.

use std::collections::BTreeMap;

use serde_json::Value;
use serde_json::value::RawValue;

/// `value` without the white space between its parts.
pub(crate) fn compact(value: &RawValue) -> Result<Box<RawValue>, serde_json::Error> {
    let (mut in_string, mut escaped) = (false, false);
    let keep = |c: &char| {
        if in_string {
            in_string = escaped || *c != '"';
            escaped = !escaped && *c == '\\';
            return true;
        }
        in_string = *c == '"';
        !matches!(c, ' ' | '\t' | '\n' | '\r')
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
