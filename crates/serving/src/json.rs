//! Reading JSON bodies.

use std::fmt;
use std::marker::PhantomData;

use http::StatusCode;
use serde::de::value::MapAccessDeserializer;
use serde::de::{self, Deserialize, DeserializeOwned, Deserializer, MapAccess, Visitor};
use serde_json::error::Category;

use crate::excerpt::{excerpt, with_excerpt, without_value};
use crate::problem::Problem;

/// The object in `body`. Fields that `T` does not know are ignored, or refused where `strict`.
///
/// # Errors
/// 400 where it is not JSON, 422 where it is JSON of another kind; both say where, and the latter names the field.
pub fn parse<T: DeserializeOwned>(body: &[u8], strict: bool) -> Result<T, Problem> {
    let mut deserializer = serde_json::Deserializer::from_slice(body);
    let (mut track, mut unknown) = (serde_path_to_error::Track::new(), None);
    let tracked = serde_path_to_error::Deserializer::new(&mut deserializer, &mut track);
    let read = serde_ignored::deserialize(tracked, |path| {
        unknown.get_or_insert_with(|| match path {
            serde_ignored::Path::Map { key, .. } => key,
            other => other.to_string(),
        });
    });
    let Object(value) = read.map_err(|error| {
        // serde_json has one error for what is no JSON and for what is no variant of an enum.
        let wrong_kind =
            error.classify() == Category::Data || serde_json::from_slice::<serde_json::Value>(body).is_ok();
        match (wrong_kind, track.path().to_string().as_str()) {
            (false, _) => not_json(&error),
            (true, ".") => wrong("body", &error),
            (true, path) => {
                let field = path.split(['.', '[']).next().unwrap_or_default();
                wrong(&format!("`{}`", excerpt(path)), &error).with_param(excerpt(field))
            }
        }
    })?;
    deserializer.end().map_err(|error| not_json(&error))?;
    match unknown.filter(|_| strict) {
        Some(name) => {
            let name = excerpt(&name);
            let problem = Problem::invalid(format!("unknown field `{name}`"));
            Err(problem.with_param(name).logged_as("unknown field"))
        }
        None => Ok(value),
    }
}

fn wrong(what: &str, error: &serde_json::Error) -> Problem {
    let message = error.to_string();
    let logged = format!("{what}: {}", without_value(&message));
    Problem::invalid(format!("{what}: {}", with_excerpt(&message))).logged_as(logged)
}

fn not_json(error: &serde_json::Error) -> Problem {
    Problem::new(StatusCode::BAD_REQUEST, format!("body is not valid JSON: {error}"))
}

/// A struct that is read from an object only. What serde derives reads it from an array too, by the order of its fields.
#[derive(Debug, Default)]
pub struct Object<T>(pub T);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Object<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Fields<T>(PhantomData<T>);

        impl<'de, T: Deserialize<'de>> Visitor<'de> for Fields<T> {
            type Value = Object<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, fields: A) -> Result<Object<T>, A::Error> {
                T::deserialize(MapAccessDeserializer::new(fields)).map(Object)
            }
        }

        deserializer.deserialize_map(Fields(PhantomData))
    }
}

/// One of a few words, for `Deserialize` of an enum. What serde derives does not say what is allowed where the value is no string.
///
/// # Errors
/// Anything else. The message lists the words.
pub fn word<'de, D: Deserializer<'de>, T: Copy>(
    deserializer: D,
    words: &'static [(&'static str, T)],
) -> Result<T, D::Error> {
    struct Word<T: 'static>(&'static [(&'static str, T)]);

    impl<T: Copy> Visitor<'_> for Word<T> {
        type Value = T;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            for (index, (word, _)) in self.0.iter().enumerate() {
                write!(f, "{}`{word}`", if index > 0 { " or " } else { "" })?;
            }
            Ok(())
        }

        fn visit_str<E: de::Error>(self, text: &str) -> Result<T, E> {
            let found = self.0.iter().find(|(word, _)| *word == text);
            found.map(|&(_, value)| value).ok_or_else(|| E::invalid_value(de::Unexpected::Str(text), &self))
        }
    }

    deserializer.deserialize_str(Word(words))
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::{Object, parse, word};

    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    enum Direction {
        Up,
        Down,
    }

    impl<'de> Deserialize<'de> for Direction {
        fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
            word(deserializer, &[("up", Self::Up), ("down", Self::Down)])
        }
    }

    #[derive(Debug, Deserialize)]
    struct Body {
        texts: Vec<String>,
        #[serde(default)]
        direction: Option<Direction>,
        #[serde(default)]
        inner: Option<Object<Inner>>,
    }

    #[derive(Debug, Deserialize)]
    struct Inner {
        n: u8,
    }

    fn error(body: &str) -> (u16, String) {
        let problem = parse::<Body>(body.as_bytes(), false).expect_err("the body is wrong");
        (problem.status().as_u16(), problem.message().to_owned())
    }

    #[test]
    fn errors_have_a_position() {
        let cut = "body is not valid JSON: EOF while parsing a list at line 2 column 4";
        assert_eq!(error("{\"texts\": [\"a\",\n \"b\""), (400, cut.to_owned()));
        assert!(error("{\"texts\": [\"a\", 2]}").1.ends_with("at line 1 column 17"));
    }

    #[test]
    fn hostile_bodies_are_errors() {
        let deep = [b'['; 100_000];
        for body in [&b""[..], b"\xff\xfe", b"\"\xc3(\"", b"1e999", b"{\"x\": 1e999}", b"{} {}", &deep] {
            assert!(parse::<serde_json::Value>(body, false).is_err());
        }
    }

    #[test]
    fn a_body_is_an_object_and_never_its_fields_in_order() {
        for body in ["[[\"a\"], \"up\"]", "[[\"a\"], null]", "[]"] {
            let (status, message) = error(body);
            assert!(
                status == 422 && message.starts_with("body: invalid type: sequence, expected an object"),
                "{message}"
            );
        }
        assert_eq!(error("\"a\"").0, 422);
        let (status, message) = error("{\"texts\": [], \"inner\": [1]}");
        assert!(
            status == 422 && message.starts_with("`inner`: invalid type: sequence, expected an object"),
            "{message}"
        );
    }

    #[test]
    fn the_field_is_named_with_what_it_takes() {
        let takes = "expected `up` or `down`";
        for (body, found) in [
            ("{\"texts\": [], \"direction\": [\"up\", \"down\"]}", "invalid type: sequence"),
            ("{\"texts\": [], \"direction\": {\"up\": 1}}", "invalid type: map"),
            ("{\"texts\": [], \"direction\": 1}", "invalid type: integer `1`"),
            ("{\"texts\": [], \"direction\": \"left\"}", "invalid value: string \"left\""),
        ] {
            let (status, message) = error(body);
            assert_eq!(status, 422, "{message}");
            assert!(message.starts_with(&format!("`direction`: {found}, {takes} at line 1")), "{message}");
        }
        assert!(
            error("{\"texts\": [\"a\", 1]}").1.starts_with("`texts[1]`: invalid type: integer `1`, expected a string")
        );
        assert_eq!(error("{}"), (422, "body: missing field `texts` at line 1 column 2".to_owned()));
        assert_eq!(error("{\"texts\": [], \"direction\": up}").0, 400);
        assert_eq!(error("{\"texts\": []} x").0, 400);
    }

    #[test]
    fn unknown_fields_are_ignored_or_refused_by_name() {
        // The number is none that fits into 64 bits.
        let body = br#"{"texts": ["a"], "x": {"deep": [1e999]}, "direction": "down", "inner": {"n": 3}}"#;
        let read: Body = parse(body, false).expect("a body");
        assert_eq!(
            (read.texts.len(), read.direction, read.inner.map(|inner| inner.0.n)),
            (1, Some(Direction::Down), Some(3))
        );
        assert_eq!(parse::<Body>(body, true).expect_err("there is one").message(), "unknown field `x`");
        let inner = parse::<Body>(br#"{"texts": [], "inner": {"n": 3, "y": 1}}"#, true).expect_err("there is one");
        assert_eq!(inner.message(), "unknown field `y`");
        let read: Body = parse(br#"{"texts": [], "direction": null}"#, true).expect("a body");
        assert!(read.direction.is_none());
    }
}
