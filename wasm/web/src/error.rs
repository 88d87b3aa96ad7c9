//! Errors of the core as plain objects, which the JavaScript around this module turns into errors of a class.

use minilm::{Error, ErrorKind};
use serde::Serialize;
use wasm_bindgen::JsValue;

/// Why a call gave nothing. What does not apply is left out.
#[derive(Debug, Default, Serialize)]
#[cfg_attr(test, derive(PartialEq))]
pub struct Fault {
    /// What went wrong, for programs.
    code: &'static str,
    /// The same for people, with the offending name and the sizes involved.
    message: String,
    /// Name of the option that is out of its range, as JavaScript spells it.
    #[serde(skip_serializing_if = "Option::is_none")]
    option: Option<String>,
    /// Position of the text in the call.
    #[serde(skip_serializing_if = "Option::is_none")]
    index: Option<usize>,
    /// Tokens of the text.
    #[serde(skip_serializing_if = "Option::is_none")]
    tokens: Option<usize>,
    /// Most tokens allowed.
    #[serde(skip_serializing_if = "Option::is_none")]
    limit: Option<usize>,
}

impl Fault {
    /// A result of `values` values is over the `limit`.
    pub fn too_large(values: u64, limit: u64) -> Self {
        let message = format!("the result would have {values} values, the limit of a call is {limit}: split it");
        Self { code: "too-large", message, ..Self::default() }
    }

    /// Options that are not what they should be.
    pub fn options(message: String) -> Self {
        Self { code: "invalid-option", message, ..Self::default() }
    }

    /// As a value to throw.
    pub fn into_js(self) -> JsValue {
        serde_wasm_bindgen::to_value(&self).unwrap_or_else(|_| JsValue::from_str(&self.message))
    }
}

impl From<Error> for Fault {
    fn from(error: Error) -> Self {
        let message = error.to_string();
        let kind = error.kind();
        // Errors with a code of their own first, then every kind.
        match (error, kind) {
            (Error::Option { option, reason }, _) => {
                let option = camel_case(option);
                let message = format!("option `{option}`: {reason}");
                Self { code: "invalid-option", message, option: Some(option), ..Self::default() }
            }
            (Error::TooManyTokens { index, n_tokens, limit }, _) => Self {
                code: "too-many-tokens",
                message,
                index: Some(index),
                tokens: Some(n_tokens),
                limit: Some(limit),
                ..Self::default()
            },
            (Error::Rows { .. }, _) => Self { code: "rows", message, ..Self::default() },
            (Error::NotFinite { index }, _) => {
                Self { code: "not-finite", message, index: Some(index), ..Self::default() }
            }
            (Error::Truncated { .. }, _) => Self { code: "model-truncated", message, ..Self::default() },
            (Error::FormatVersion { .. }, _) => Self { code: "model-version", message, ..Self::default() },
            (Error::Checksum { .. }, _) => Self { code: "model-checksum", message, ..Self::default() },
            (Error::OutOfMemory { .. }, _) => Self { code: "memory", message, ..Self::default() },
            (_, ErrorKind::Option) => Self { code: "invalid-option", message, ..Self::default() },
            // Callers give texts, so an id that the model has no vector for comes from its own vocabulary.
            (_, ErrorKind::Input | ErrorKind::Model) => Self { code: "model-invalid", message, ..Self::default() },
            (_, ErrorKind::Engine) => Self { code: "engine", message, ..Self::default() },
        }
    }
}

/// `truncate_dim` as `truncateDim`.
pub fn camel_case(name: &str) -> String {
    let mut words = name.split('_');
    let first = words.next().unwrap_or_default().to_owned();
    words.fold(first, |name, word| {
        let (initial, rest) = word.split_at(word.len().min(1));
        name + &initial.to_ascii_uppercase() + rest
    })
}

#[cfg(test)]
mod tests {
    use minilm::Error;

    use super::{Fault, camel_case};

    #[test]
    fn options_have_the_names_of_javascript() {
        assert_eq!(
            ["prompt", "truncate_dim", "max_seq_length", ""].map(camel_case),
            ["prompt", "truncateDim", "maxSeqLength", ""]
        );
        let fault = Fault::from(Error::Option { option: "truncate_dim", reason: "0 is not in 1..=384".into() });
        assert_eq!(fault.option.as_deref(), Some("truncateDim"));
        assert_eq!(fault.message, "option `truncateDim`: 0 is not in 1..=384");
    }

    #[test]
    fn faults_carry_their_numbers() {
        let fault = Fault::from(Error::TooManyTokens { index: 1, n_tokens: 400, limit: 256 }.with_first_index(2));
        assert!(fault.message.starts_with("text 3 has 400 tokens"), "{}", fault.message);
        assert_eq!(
            (fault.code, fault.index, fault.tokens, fault.limit),
            ("too-many-tokens", Some(3), Some(400), Some(256))
        );
        assert_eq!(Fault::from(Error::MissingTensor("norm.bias".into())).code, "model-invalid");
        assert_eq!(Fault::from(Error::Checksum { expected: 1, found: 2 }).code, "model-checksum");
    }
}
