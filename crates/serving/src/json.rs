//! Reading JSON bodies.

use std::fmt;

use http::StatusCode;
use serde::de::{self, Deserialize, DeserializeOwned, Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::error::Category;

use crate::excerpt::{excerpt, with_excerpt, without_value};
use crate::problem::Problem;

/// The value in `body`.
///
/// # Errors
/// 400 where it is not JSON, 422 where it is JSON of another kind; both say where, and the latter names the field.
pub fn parse<T: DeserializeOwned>(body: &[u8]) -> Result<T, Problem> {
    let mut deserializer = serde_json::Deserializer::from_slice(body);
    let value = serde_path_to_error::deserialize(&mut deserializer).map_err(|error| {
        let (path, error) = (error.path().to_string(), error.into_inner());
        // serde_json has one error for what is no JSON and for what is no variant of an enum.
        let wrong_kind =
            error.classify() == Category::Data || serde_json::from_slice::<serde_json::Value>(body).is_ok();
        match (wrong_kind, path.as_str()) {
            (false, _) => not_json(&error),
            (true, ".") => wrong("body", &error),
            (true, path) => {
                let field = path.split(['.', '[']).next().unwrap_or_default();
                wrong(&format!("`{}`", excerpt(path)), &error).with_param(excerpt(field))
            }
        }
    })?;
    deserializer.end().map_err(|error| not_json(&error))?;
    Ok(value)
}

fn wrong(what: &str, error: &serde_json::Error) -> Problem {
    let message = error.to_string();
    let logged = format!("{what}: {}", without_value(&message));
    Problem::invalid(format!("{what}: {}", with_excerpt(&message))).logged_as(logged)
}

fn not_json(error: &serde_json::Error) -> Problem {
    Problem::new(StatusCode::BAD_REQUEST, format!("body is not valid JSON: {error}"))
}

/// The names of fields that a body has and its route does not know.
///
/// It is the last field of the struct of a body, with `#[serde(flatten)]`. Such a struct is read from an object only; others are
/// read from arrays too, by the order of their fields.
#[derive(Debug, Default)]
pub struct UnknownFields(Vec<String>);

impl UnknownFields {
    /// 422 where there are some.
    ///
    /// # Errors
    /// As said.
    pub fn refuse(&self) -> Result<(), Problem> {
        match self.0.first() {
            Some(name) => {
                let name = excerpt(name);
                let problem = Problem::invalid(format!("unknown field `{name}`")).with_param(name);
                Err(problem.logged_as("unknown field"))
            }
            None => Ok(()),
        }
    }
}

impl<'de> Deserialize<'de> for UnknownFields {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Names;

        impl<'de> Visitor<'de> for Names {
            type Value = UnknownFields;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<UnknownFields, A::Error> {
                let mut names = Vec::new();
                while let Some((name, IgnoredAny)) = fields.next_entry()? {
                    names.push(name);
                }
                Ok(UnknownFields(names))
            }
        }

        deserializer.deserialize_map(Names)
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

    use super::{UnknownFields, parse, word};

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
    #[serde(expecting = "an object")]
    struct Body {
        texts: Vec<String>,
        #[serde(default)]
        direction: Option<Direction>,
        #[serde(flatten)]
        unknown: UnknownFields,
    }

    fn error(body: &str) -> (u16, String) {
        let problem = parse::<Body>(body.as_bytes()).expect_err("the body is wrong");
        (problem.status().as_u16(), problem.message().to_owned())
    }

    #[test]
    fn errors_have_a_position() {
        let error = parse::<Vec<u8>>(b"[1,\n 2").expect_err("cut off");
        assert_eq!(error.message(), "body is not valid JSON: EOF while parsing a list at line 2 column 2");
        let error = parse::<Vec<u8>>(b"[1, \"a\"]").expect_err("wrong type");
        assert!(error.message().ends_with("at line 1 column 7"), "{}", error.message());
    }

    #[test]
    fn hostile_bodies_are_errors() {
        let deep = [b'['; 100_000];
        for body in [&b""[..], b"\xff\xfe", b"\"\xc3(\"", b"1e999", b"[] []", &deep] {
            assert!(parse::<serde_json::Value>(body).is_err());
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
    fn unknown_fields_are_kept_by_name() {
        let body: Body =
            parse(br#"{"texts": ["a"], "x": {"deep": [1]}, "direction": "down", "y": 2}"#).expect("a body");
        assert_eq!((body.texts.len(), body.direction), (1, Some(Direction::Down)));
        assert_eq!(body.unknown.refuse().expect_err("there are two").message(), "unknown field `x`");
        let body: Body = parse(br#"{"texts": [], "direction": null}"#).expect("a body");
        assert!(body.unknown.refuse().is_ok() && body.direction.is_none());
    }
}
