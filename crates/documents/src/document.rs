//! One document.

use std::collections::BTreeMap;

use serde::ser::{Serialize, SerializeMap, Serializer};
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use crate::filter::{Filter, with_plain_numbers};
use crate::{id, json};

/// A document: an id, and fields that keep the JSON text in which they came, so that no digit of a number is lost.
///
/// Known fields are `question`, a string, `answers`, any JSON, and `metadata`, an object. All others are kept, and found as
/// metadata too.
#[derive(Clone, Debug)]
pub struct Document {
    /// The id. MongoDB's are simplified: `{"$oid": "65f0…"}` is `65f0…`, `{"$numberLong": "7"}` and `7` are `7`. A document that
    /// came without one has the start of the SHA-256 of its question, so that the same question is the same document.
    pub id: String,
    /// The other fields of the object, in compact JSON.
    pub fields: BTreeMap<String, Box<RawValue>>,
}

/// Why a text is no document.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DocumentError {
    /// Not valid JSON, or nested deeper than 128 levels.
    #[error("not valid JSON: {message}")]
    Json {
        /// Line in the text, from 1.
        line: usize,
        /// Column in the line, from 1; 0 where the line ends too early.
        column: usize,
        /// What the parser says.
        message: String,
    },
    /// Valid JSON, but no object.
    #[error("a JSON object is needed, this is {0}")]
    NotAnObject(&'static str),
    /// An id that is none.
    #[error("`{field}` {reason}")]
    Id {
        /// The field that holds it.
        field: &'static str,
        /// What is wrong, and what is accepted.
        reason: String,
    },
}

impl Document {
    /// The document in a JSON text.
    ///
    /// The id is in `_id` or `id`; where both are there, `_id` is the id and `id` a field like any other, as MongoDB has it.
    ///
    /// # Errors
    /// [`DocumentError`].
    pub fn from_json(text: &str) -> Result<Self, DocumentError> {
        // Raw values are not looked at closely: this finds what is nested too deep, and surrogates without a partner.
        let value: Value = serde_json::from_str(text).map_err(DocumentError::json)?;
        if !value.is_object() {
            return Err(DocumentError::NotAnObject(json::kind(&value)));
        }
        let fields: BTreeMap<String, &RawValue> = serde_json::from_str(text).map_err(DocumentError::json)?;
        let compact = fields.into_iter().map(|(name, value)| Ok((name, json::compact(value)?)));
        let mut fields: BTreeMap<_, _> =
            compact.collect::<Result<_, serde_json::Error>>().map_err(DocumentError::json)?;
        let id = ["_id", "id"].into_iter().find_map(|name| Some((name, fields.remove(name)?)));
        let id = match id {
            Some((name, value)) => {
                id::simplified(&value).map_err(|reason| DocumentError::Id { field: name, reason })?
            }
            None => {
                let document = Self { id: String::new(), fields: fields.clone() };
                id::hashed(&document.question().map_or_else(|| json::object(&fields), Ok).map_err(DocumentError::json)?)
            }
        };
        Ok(Self { id, fields })
    }

    /// The id of the document in `text`, which is one that [`Document::to_json`] wrote. Parses nothing else.
    ///
    /// # Errors
    /// [`DocumentError`] where it has none.
    pub(crate) fn id_in(text: &str) -> Result<String, DocumentError> {
        #[derive(serde::Deserialize)]
        struct Ids<'a> {
            #[serde(borrow, default)]
            _id: Option<&'a RawValue>,
            #[serde(borrow, default)]
            id: Option<&'a RawValue>,
        }
        let ids: Ids<'_> = serde_json::from_str(text).map_err(DocumentError::json)?;
        let (field, value) = match (ids._id, ids.id) {
            (Some(value), _) => ("_id", value),
            (None, Some(value)) => ("id", value),
            (None, None) => return Err(DocumentError::Id { field: "id", reason: "is missing".to_owned() }),
        };
        id::simplified(value).map_err(|reason| DocumentError::Id { field, reason })
    }

    /// The string in field `name`; nothing where the field is missing or something else.
    #[must_use]
    pub fn text(&self, name: &str) -> Option<String> {
        serde_json::from_str(self.fields.get(name)?.get()).ok()
    }

    /// The text in field `name` that a search by this field looks at; nothing where it is empty, too: every store leaves that out.
    #[must_use]
    pub fn searched_text(&self, name: &str) -> Option<String> {
        self.text(name).filter(|text| !text.is_empty())
    }

    /// The field `question`.
    #[must_use]
    pub fn question(&self) -> Option<String> {
        self.text("question")
    }

    /// The field `answers`, as it came.
    #[must_use]
    pub fn answers(&self) -> Option<&RawValue> {
        self.fields.get("answers").map(|value| &**value)
    }

    /// What a search can filter by: the fields of `metadata`, and all others but `question` and `answers`.
    #[must_use]
    pub fn metadata(&self) -> Map<String, Value> {
        let parse = |value: &RawValue| serde_json::from_str::<Value>(value.get()).unwrap_or_default();
        let known = ["question", "answers", "metadata"];
        let others = self.fields.iter().filter(|(name, _)| !known.contains(&name.as_str()));
        let mut all: Map<String, Value> = others.map(|(name, value)| (name.clone(), parse(value))).collect();
        match self.fields.get("metadata").map(|value| parse(value)) {
            Some(Value::Object(metadata)) => all.extend(metadata),
            Some(other) => drop(all.insert("metadata".to_owned(), other)),
            None => {}
        }
        all
    }

    /// The metadata as the text of a JSON object for databases: numbers are in the one form in which filters compare them, so that a
    /// database that compares digits and one that compares floats agree.
    #[must_use]
    pub fn metadata_json(&self) -> String {
        with_plain_numbers(Value::Object(self.metadata())).to_string()
    }

    /// Whether the metadata passes `filter`.
    #[must_use]
    pub fn matches(&self, filter: &Filter) -> bool {
        filter.matches(&self.metadata())
    }

    /// The document as one line of JSON, which [`Document::from_json`] reads as the same document.
    #[must_use]
    pub fn to_json(&self) -> String {
        // Strings and raw values always serialize.
        serde_json::to_string(self).unwrap_or_default()
    }

    /// The field under which the id is written: one that no other has.
    fn id_field(&self) -> &'static str {
        if self.fields.contains_key("id") { "_id" } else { "id" }
    }
}

impl Serialize for Document {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(1 + self.fields.len()))?;
        map.serialize_entry(self.id_field(), &self.id)?;
        self.fields.iter().try_for_each(|(name, value)| map.serialize_entry(name, value))?;
        map.end()
    }
}

impl PartialEq for Document {
    fn eq(&self, other: &Self) -> bool {
        let texts = self.fields.values().map(|value| value.get()).eq(other.fields.values().map(|value| value.get()));
        self.id == other.id && self.fields.keys().eq(other.fields.keys()) && texts
    }
}

impl DocumentError {
    /// For a text that is not valid JSON.
    #[must_use]
    pub fn json(error: serde_json::Error) -> Self {
        let (line, column) = (error.line(), error.column());
        let message = error.to_string();
        let place = format!(" at line {line} column {column}");
        Self::Json { line, column, message: message.strip_suffix(&place).unwrap_or(&message).to_owned() }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn document(text: &str) -> Document {
        Document::from_json(text).expect("a document")
    }

    #[test]
    fn nothing_of_a_document_is_lost() {
        let text = r#"{ "_id" : {"$oid":"65f0c0ffee65f0c0ffee65f0"}, "question":"Wie geht\u0027s?",
            "answers": [ {"text": "  a  b\n", "n": 12345678901234567890123.10}, null ], "created": {"$date": "2024-03-12T09:00:00Z"} }"#;
        let found = document(&text.replace('\n', "\\n").replace("\\n            ", "\n"));
        assert_eq!(found.id, "65f0c0ffee65f0c0ffee65f0");
        assert_eq!(found.question().as_deref(), Some("Wie geht's?"));
        let answers = r#"[{"text":"  a  b\n","n":12345678901234567890123.10},null]"#;
        assert_eq!(found.answers().map(RawValue::get), Some(answers));
        assert_eq!(
            found.to_json(),
            format!(
                r#"{{"id":"65f0c0ffee65f0c0ffee65f0","answers":{answers},"created":{{"$date":"2024-03-12T09:00:00Z"}},"question":"Wie geht\u0027s?"}}"#
            )
        );
        assert_eq!(document(&found.to_json()), found);
    }

    #[test]
    fn two_ids_are_an_id_and_a_field() {
        let found = document(r#"{"id": 7, "_id": {"$numberLong": "5"}}"#);
        assert_eq!((found.id.as_str(), found.fields["id"].get()), ("5", "7"));
        assert_eq!(found.to_json(), r#"{"_id":"5","id":7}"#);
        assert_eq!(document(&found.to_json()), found);
    }

    #[test]
    fn without_an_id_the_question_is_it() {
        let [a, b, c] =
            [r#"{"question":"Why?","answers":1}"#, r#"{"question": "\u0057hy?"}"#, r#"{"question":"why?"}"#]
                .map(|text| document(text).id);
        assert_eq!((&a, a.len()), (&b, 32));
        assert_ne!(a, c);
        assert_eq!(document(r#"{"title": "x"}"#).id, document(r#"{ "title" : "x" }"#).id);
    }

    #[test]
    fn metadata_is_everything_else() {
        let found = document(
            r#"{"id":"1","question":"q","answers":[],"lang":"de","n":1,"metadata":{"topic":"x","n":2.0},"tags":["a"]}"#,
        );
        assert_eq!(json!(found.metadata()), json!({"lang": "de", "topic": "x", "n": 2.0, "tags": ["a"]}));
        let passes = |filter: Value| {
            let object = filter.as_object().expect("an object");
            found.matches(&Filter::parse(object).expect("a filter").expect("not empty"))
        };
        assert!(passes(json!({"lang": "de", "n": 2, "tags": "a"})));
        assert!(!passes(json!({"question": "q"})));
        let found = document(r#"{"id":"1","a":[2.0,1e16],"b":{"c":18446744073709551615,"d":-0.0,"e":0.10}}"#);
        let expected = r#"{"a":[2,10000000000000000],"b":{"c":1.8446744073709552e+19,"d":0,"e":0.1}}"#;
        assert_eq!(found.metadata_json(), expected);
        assert_eq!(json!(document(r#"{"id":"1","metadata":[1]}"#).metadata()), json!({"metadata": [1]}));
    }

    #[test]
    fn what_is_no_document_is_named() {
        let error = |text: &str| Document::from_json(text).expect_err("no document").to_string();
        for (text, expected) in [
            ("[1]", "a JSON object is needed, this is an array"),
            ("\"x\"", "a JSON object is needed, this is a string"),
            ("{\"a\":}", "not valid JSON: expected value"),
            ("{\"a\":1} x", "not valid JSON: trailing characters"),
            (r#"{"a":"\ud800"}"#, "not valid JSON: unexpected end of hex escape"),
            (r#"{"_id":null}"#, "`_id` is null; a string, an integer, or MongoDB's extended JSON of an id is needed"),
            (r#"{"id":""}"#, "`id` is an empty string"),
        ] {
            assert_eq!(error(text), expected);
        }
        let deep = format!("{{\"a\":{}{}}}", "[".repeat(200), "]".repeat(200));
        assert_eq!(error(&deep), "not valid JSON: recursion limit exceeded");
        assert!(matches!(Document::from_json("{\n 1"), Err(DocumentError::Json { line: 2, column: 2, .. })));
    }
}
