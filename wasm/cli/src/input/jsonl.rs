//! The text in a line of JSON.

use anyhow::{Context, Result, bail};
use minilm_documents::kind;
use serde_json::Value;

use super::listed;

/// The string in field `name` of the JSON object that `line` is.
pub fn field(line: &str, name: &str) -> Result<String> {
    let value: Value = serde_json::from_str(line).context("not valid JSON")?;
    let Value::Object(mut object) = value else {
        bail!("a JSON object is needed, this is {}", kind(&value));
    };
    match object.remove(name) {
        Some(Value::String(text)) => Ok(text),
        Some(other) => bail!("field `{name}` is {}, not a string", kind(&other)),
        None => bail!("no field `{name}`; there is {} (choose one with --column)", listed(object.keys())),
    }
}

#[cfg(test)]
mod tests {
    use super::field;

    #[test]
    fn the_field_is_taken() -> anyhow::Result<()> {
        assert_eq!(field(r#"{"id": 1, "text": "a\n\u00e9"}"#, "text")?, "a\né");
        assert_eq!(field(r#"{"text": ""}"#, "text")?, "");
        Ok(())
    }

    #[test]
    fn faults_are_named() {
        for (line, expected) in [
            ("", "not valid JSON: EOF while parsing a value at line 1 column 0"),
            ("[1]", "a JSON object is needed, this is an array"),
            (r#""text""#, "a JSON object is needed, this is a string"),
            (r#"{"text": 1}"#, "field `text` is a number, not a string"),
            (r#"{"b": 1, "a": 2}"#, "no field `text`; there is `a`, `b` (choose one with --column)"),
            ("{}", "no field `text`; there is none (choose one with --column)"),
        ] {
            let error = field(line, "text").err().map(|error| format!("{error:#}"));
            assert_eq!(error.as_deref(), Some(expected), "{line}");
        }
    }
}
