//! Errors of the core as those of the interface.

use crate::bindings::exports::minilm::embed::embedder::{Error, ErrorKind, Rows, TooManyTokens};
use crate::to_u32;

impl From<minilm::Error> for Error {
    fn from(error: minilm::Error) -> Self {
        use minilm::ErrorKind::{Engine, Input, Model, Option};

        // Errors that the interface describes by themselves first, then every kind.
        let kind = match (&error, error.kind()) {
            (minilm::Error::Option { option, .. }, _) => ErrorKind::InvalidOption(option.replace('_', "-")),
            (&minilm::Error::TooManyTokens { index, n_tokens, limit }, _) => ErrorKind::TooManyTokens(TooManyTokens {
                index: to_u32(index),
                n_tokens: to_u32(n_tokens),
                limit: to_u32(limit),
            }),
            (&minilm::Error::Rows { name, len, dim }, _) => {
                ErrorKind::Rows(Rows { name: name.to_owned(), len: to_u32(len), dim: to_u32(dim) })
            }
            (&minilm::Error::NotFinite { index }, _) => ErrorKind::NotFinite(to_u32(index)),
            (_, Option) => ErrorKind::InvalidOption(String::new()),
            // Callers give texts, so an id that the model has no vector for comes from its own vocabulary. The memory of the
            // component holds nothing but the model.
            (_, Input | Model | Engine) => ErrorKind::Model,
        };
        Self { kind, message: error.to_string() }
    }
}

/// A result of `values` values is over the `limit`.
pub fn too_large(values: u64, limit: u64) -> Error {
    let message = format!("the result would have {values} values, the limit of a call is {limit}: split it");
    Error { kind: ErrorKind::TooLarge(values), message }
}

#[cfg(test)]
mod tests {
    use super::{Error, ErrorKind};

    #[test]
    fn options_have_the_names_of_the_interface() {
        let error = Error::from(minilm::Error::Option { option: "truncate_dim", reason: "0 is not in 1..=384".into() });
        assert!(matches!(error.kind, ErrorKind::InvalidOption(name) if name == "truncate-dim"));
        assert_eq!(error.message, "option `truncate_dim`: 0 is not in 1..=384");
    }

    #[test]
    fn faults_of_the_file_are_faults_of_the_model() {
        let error = Error::from(minilm::Error::MissingTensor("norm.bias".into()));
        assert!(matches!(error.kind, ErrorKind::Model));
        assert!(error.message.contains("norm.bias"));
    }

    #[test]
    fn sizes_are_checked_before_anything_is_made() {
        assert!(crate::check_size(4096, 4096).is_ok());
        let error = crate::check_size(4096, 4097).expect_err("one row too many");
        assert!(matches!(error.kind, ErrorKind::TooLarge(16_781_312)), "{error:?}");
    }
}
