//! Errors of the core as plain objects, which the JavaScript around this module turns into errors of a class.

use minilm::Error;
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
    /// There is no memory for a file of `len` bytes.
    pub fn memory(len: usize) -> Self {
        let message = format!("there is no memory for a model of {len} bytes");
        Self { code: "memory", message, ..Self::default() }
    }

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
        match error {
            Error::Option { option, reason } => {
                let option = camel_case(option);
                let message = format!("option `{option}`: {reason}");
                Self { code: "invalid-option", message, option: Some(option), ..Self::default() }
            }
            Error::TooManyTokens { index, n_tokens, limit } => Self {
                code: "too-many-tokens",
                message,
                index: Some(index),
                tokens: Some(n_tokens),
                limit: Some(limit),
                ..Self::default()
            },
            Error::Rows { .. } => Self { code: "rows", message, ..Self::default() },
            Error::NotFinite { index } => Self { code: "not-finite", message, index: Some(index), ..Self::default() },
            Error::Truncated { .. } => Self { code: "model-truncated", message, ..Self::default() },
            Error::FormatVersion { .. } => Self { code: "model-version", message, ..Self::default() },
            Error::Checksum { .. } => Self { code: "model-checksum", message, ..Self::default() },
            // What is left is about the model file.
            _ => Self { code: "model-invalid", message, ..Self::default() },
        }
    }
}

/// `error` of a call whose first text is number `first` of those of the caller.
pub fn moved(error: Error, first: usize) -> Error {
    match error {
        Error::TooManyTokens { index, n_tokens, limit } => {
            Error::TooManyTokens { index: first.saturating_add(index), n_tokens, limit }
        }
        Error::NotFinite { index } => Error::NotFinite { index: first.saturating_add(index) },
        other => other,
    }
}

/// `truncate_dim` as `truncateDim`.
fn camel_case(name: &str) -> String {
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

    use super::{Fault, camel_case, moved};

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
        let fault = Fault::from(moved(Error::TooManyTokens { index: 1, n_tokens: 400, limit: 256 }, 2));
        assert!(fault.message.starts_with("text 3 has 400 tokens"), "{}", fault.message);
        assert_eq!(
            (fault.code, fault.index, fault.tokens, fault.limit),
            ("too-many-tokens", Some(3), Some(400), Some(256))
        );
        assert_eq!(Fault::from(Error::MissingTensor("norm.bias".into())).code, "model-invalid");
        assert_eq!(Fault::from(Error::Checksum { expected: 1, found: 2 }).code, "model-checksum");
    }
}
