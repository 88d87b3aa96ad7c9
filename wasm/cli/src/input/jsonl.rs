//! The texts in one field of JSON objects.

use std::io::BufRead;

use anyhow::{Result, anyhow};
use minilm_documents::{DocumentError, Objects, ReadError, kind};
use serde_json::{Map, Value};

use super::listed;

/// A field of JSON lines, of a JSON array, or of objects that are spread over lines.
pub struct Field {
    objects: Objects<Box<dyn BufRead>>,
    /// What errors call the file.
    file: String,
    name: String,
}

impl Field {
    pub fn new(reader: Box<dyn BufRead>, file: String, name: String) -> Self {
        Self { objects: Objects::new(reader), file, name }
    }

    fn read(&mut self) -> Result<Option<String>> {
        let place = |error: ReadError| anyhow!("{}, {error}", self.file);
        let Some((text, line)) = self.objects.next_text().map_err(place)? else { return Ok(None) };
        let object = match serde_json::from_str(text) {
            Ok(Value::Object(object)) => Ok(object),
            Ok(other) => Err(DocumentError::NotAnObject(kind(&other))),
            Err(error) => Err(DocumentError::json(error)),
        };
        let object = object.map_err(|error| place(self.objects.reject(line, error)))?;
        field(object, &self.name).map(Some).map_err(|fault| anyhow!("{}, line {line}: {fault}", self.file))
    }
}

impl Iterator for Field {
    type Item = Result<String>;

    fn next(&mut self) -> Option<Self::Item> {
        self.read().transpose()
    }
}

/// The string in the field `name`.
fn field(mut object: Map<String, Value>, name: &str) -> Result<String, String> {
    match object.remove(name) {
        Some(Value::String(text)) => Ok(text),
        Some(other) => Err(format!("field `{name}` is {}, not a string", kind(&other))),
        None => Err(format!("no field `{name}`; there is {} (choose one with --column)", listed(object.keys()))),
    }
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::Field;

    /// The texts in front of the first fault, and the fault.
    fn texts(json: &str) -> (Vec<String>, Option<String>) {
        let mut texts = Vec::new();
        for text in Field::new(Box::new(Cursor::new(json.to_owned())), "a.jsonl".to_owned(), "text".to_owned()) {
            match text {
                Ok(text) => texts.push(text),
                Err(error) => return (texts, Some(format!("{error:#}"))),
            }
        }
        (texts, None)
    }

    #[test]
    fn the_field_is_taken_from_lines_arrays_and_objects_over_several_lines() {
        for json in [
            "{\"id\": 1, \"text\": \"a\\n\\u00e9\"}\n{\"text\": \"\"}\n",
            "\n{\"text\": \"a\\n\u{e9}\"}\r\n\r\n  \n{\"text\": \"\"}",
            "[{\"text\": \"a\\n\u{e9}\"},\n {\"text\": \"\"}]",
            "{\n  \"text\": \"a\\n\u{e9}\"\n}\n{\n  \"text\": \"\"\n}\n",
        ] {
            assert_eq!(texts(json), (vec!["a\n\u{e9}".to_owned(), String::new()], None), "{json}");
        }
    }

    #[test]
    fn faults_are_named_with_their_place() {
        for (line, expected) in [
            ("{\"text\": }", "line 3, column 10: not valid JSON: expected value"),
            ("\"text\"", "line 3: a JSON object is needed, this is a string"),
            ("{\"text\": 1}", "line 3: field `text` is a number, not a string"),
            ("{\"b\": 1, \"a\": 2}", "line 3: no field `text`; there is `a`, `b` (choose one with --column)"),
            ("{}", "line 3: no field `text`; there is none (choose one with --column)"),
        ] {
            let (read, fault) = texts(&format!("{{\"text\": \"first\"}}\n\n{line}\n{{\"text\": \"last\"}}\n"));
            assert_eq!(read, ["first"]);
            assert_eq!(fault, Some(format!("a.jsonl, {expected}")), "{line}");
        }
    }
}
