//! What can be embedded: texts, or token ids of the caller.

use std::fmt;

use serde::de::{self, Deserialize, Deserializer, SeqAccess, Visitor};

/// One or many texts, or their token ids.
#[derive(Debug, PartialEq, Eq)]
pub enum Input {
    /// Texts.
    Texts(Vec<String>),
    /// Token ids, special ones included.
    Ids(Vec<Vec<u32>>),
}

impl Input {
    /// Number of texts.
    #[must_use]
    pub fn len(&self) -> usize {
        match self {
            Self::Texts(texts) => texts.len(),
            Self::Ids(ids) => ids.len(),
        }
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// Not by `#[serde(untagged)]`, whose errors name neither the fault nor its place.
impl<'de> Deserialize<'de> for Input {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(InputVisitor)
    }
}

struct InputVisitor;

impl<'de> Visitor<'de> for InputVisitor {
    type Value = Input;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string, an array of strings, an array of token ids or an array of arrays of token ids")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Input, E> {
        Ok(Input::Texts(vec![text.to_owned()]))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Input, A::Error> {
        Ok(match items.next_element()? {
            None => Input::Texts(Vec::new()),
            Some(Item::Text(first)) => Input::Texts(rest(vec![first], items)?),
            Some(Item::Id(first)) => Input::Ids(vec![rest(vec![first], items)?]),
            Some(Item::Ids(first)) => Input::Ids(rest(vec![first], items)?),
        })
    }
}

/// All further items, which are of the kind of the first.
fn rest<'de, T: Deserialize<'de>, A: SeqAccess<'de>>(mut all: Vec<T>, mut items: A) -> Result<Vec<T>, A::Error> {
    while let Some(item) = items.next_element()? {
        all.push(item);
    }
    Ok(all)
}

/// The first item of an array.
enum Item {
    Text(String),
    Id(u32),
    Ids(Vec<u32>),
}

impl<'de> Deserialize<'de> for Item {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ItemVisitor)
    }
}

struct ItemVisitor;

impl<'de> Visitor<'de> for ItemVisitor {
    type Value = Item;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string, a token id or an array of token ids")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Item, E> {
        Ok(Item::Text(text.to_owned()))
    }

    fn visit_u64<E: de::Error>(self, id: u64) -> Result<Item, E> {
        let id = u32::try_from(id).map_err(|_| E::invalid_value(de::Unexpected::Unsigned(id), &"a token id"))?;
        Ok(Item::Id(id))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, items: A) -> Result<Item, A::Error> {
        Ok(Item::Ids(rest(Vec::new(), items)?))
    }
}

/// One or many texts.
#[derive(Debug, PartialEq, Eq)]
pub struct Texts(pub Vec<String>);

impl<'de> Deserialize<'de> for Texts {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match Input::deserialize(deserializer)? {
            Input::Texts(texts) => Ok(Self(texts)),
            Input::Ids(_) => {
                Err(de::Error::invalid_type(de::Unexpected::Other("token ids"), &"a string or an array of strings"))
            }
        }
    }
}

/// The token ids of one or many texts.
#[derive(Debug, PartialEq, Eq)]
pub struct TokenIds(pub Vec<Vec<u32>>);

impl<'de> Deserialize<'de> for TokenIds {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match Input::deserialize(deserializer)? {
            Input::Ids(ids) => Ok(Self(ids)),
            Input::Texts(texts) if texts.is_empty() => Ok(Self(Vec::new())),
            Input::Texts(_) => Err(de::Error::invalid_type(
                de::Unexpected::Other("text"),
                &"an array of token ids or an array of arrays of token ids",
            )),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(json: &str) -> Result<Input, String> {
        serde_json::from_str(json).map_err(|error| error.to_string())
    }

    #[test]
    fn every_form_is_read() {
        assert_eq!(parse(r#""a""#), Ok(Input::Texts(vec!["a".to_owned()])));
        assert_eq!(parse(r#"["a", "é"]"#), Ok(Input::Texts(vec!["a".to_owned(), "é".to_owned()])));
        assert_eq!(parse("[101, 102]"), Ok(Input::Ids(vec![vec![101, 102]])));
        assert_eq!(parse("[[101], []]"), Ok(Input::Ids(vec![vec![101], vec![]])));
        assert_eq!(parse("[]"), Ok(Input::Texts(Vec::new())));
    }

    #[test]
    fn token_ids_alone() {
        let parse = |json| serde_json::from_str::<TokenIds>(json).map_err(|error| error.to_string());
        assert_eq!(parse("[1, 2]"), Ok(TokenIds(vec![vec![1, 2]])));
        assert_eq!(parse("[[1], []]"), Ok(TokenIds(vec![vec![1], vec![]])));
        assert_eq!(parse("[]"), Ok(TokenIds(Vec::new())));
        for json in [r#""a""#, r#"["a"]"#] {
            let error = parse(json).expect_err("it is text");
            assert!(error.starts_with("invalid type: text, expected an array of token ids or"), "{error}");
        }
    }

    #[test]
    fn errors_name_the_fault_and_its_place() {
        let expect = |json, parts: [&str; 2]| {
            let error = parse(json).expect_err("the input is wrong");
            assert!(parts.iter().all(|part| error.contains(part)), "{error}");
        };
        expect(r#"["a", 1]"#, ["integer `1`, expected a string", "column 7"]);
        expect(r#"[1, "a"]"#, ["string \"a\", expected u32", "column"]);
        expect("[4294967296]", ["integer `4294967296`, expected a token id", "column"]);
        expect("[-1]", ["integer `-1`", "a string, a token id or an array"]);
        expect("{}", ["map", "a string, an array of strings"]);
        expect("null", ["null", "a string, an array of strings"]);
    }
}
