//! Values of a client in messages: never long, and never in the log.

/// Most characters of a value that a message repeats.
const MOST: usize = 100;

/// The first characters of `value`.
#[must_use]
pub fn excerpt(value: &str) -> String {
    match value.char_indices().nth(MOST) {
        Some((end, _)) => format!("{}…", &value[..end]),
        None => value.to_owned(),
    }
}

/// A message of serde, with no more than an excerpt of the string that it quotes.
pub(crate) fn with_excerpt(message: &str) -> String {
    replace_quoted(message, |value| format!("\"{}\"", excerpt(value)))
}

/// A message of serde without the string that it quotes.
pub(crate) fn without_value(message: &str) -> String {
    replace_quoted(message, |_| "(not logged)".to_owned())
}

/// serde quotes one string at most, and escapes quotes in it.
fn replace_quoted(message: &str, replace: impl FnOnce(&str) -> String) -> String {
    match (message.find('"'), message.rfind('"')) {
        (Some(start), Some(end)) if start < end => {
            format!("{}{}{}", &message[..start], replace(&message[start + 1..end]), &message[end + 1..])
        }
        _ => message.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::{excerpt, with_excerpt, without_value};

    #[test]
    fn a_long_value_is_cut_between_characters() {
        assert_eq!(excerpt("é"), "é");
        assert_eq!(excerpt(&"é".repeat(100)), "é".repeat(100));
        assert_eq!(excerpt(&"é".repeat(101)), format!("{}…", "é".repeat(100)));
    }

    #[test]
    fn the_rest_of_a_message_stays() {
        let message = r#"invalid type: string "my \"secret\"", expected a boolean at line 1 column 7"#;
        assert_eq!(with_excerpt(message), message);
        assert_eq!(without_value(message), "invalid type: string (not logged), expected a boolean at line 1 column 7");
        let long = format!("invalid type: string \"{}\", expected a boolean", "x".repeat(1000));
        assert_eq!(with_excerpt(&long), format!("invalid type: string \"{}…\", expected a boolean", "x".repeat(100)));
        assert_eq!(without_value("missing field `inputs`"), "missing field `inputs`");
    }
}
