//! Errors of the converter as plain objects, which the JavaScript around this module turns into errors of a class.

use minilm::ErrorKind;
use minilm_convert::Error;
use serde::Serialize;
use wasm_bindgen::JsValue;

/// Why there is no packed file. What does not apply is left out.
#[derive(Debug, Default, PartialEq, Serialize)]
pub struct Fault {
    /// What went wrong, for programs.
    code: &'static str,
    /// The same for people, with the file, the field or the tensor.
    message: String,
    /// Path of the file inside the model directory.
    #[serde(skip_serializing_if = "Option::is_none")]
    file: Option<String>,
    /// Name of the option that is out of its range.
    #[serde(skip_serializing_if = "Option::is_none")]
    option: Option<&'static str>,
}

impl Fault {
    /// An option that is not what it should be.
    pub fn option(option: &'static str, reason: String) -> Self {
        let message = format!("option `{option}`: {reason}");
        Self { code: "invalid-option", message, option: Some(option), ..Self::default() }
    }

    /// As a value to throw.
    pub fn into_js(self) -> JsValue {
        serde_wasm_bindgen::to_value(&self).unwrap_or_else(|_| JsValue::from_str(&self.message))
    }

    #[cfg(test)]
    pub fn code(&self) -> &str {
        self.code
    }
}

impl From<Error> for Fault {
    fn from(error: Error) -> Self {
        let message = error.to_string();
        let (code, file) = match error {
            Error::MissingFile(file) => ("source-missing-file", Some(file)),
            Error::Json { file, .. } => ("source-json", Some(file)),
            Error::UnsupportedTokenizer(_) => ("source-tokenizer", Some("tokenizer.json".to_owned())),
            Error::NoWeights { .. } => ("source-no-weights", None),
            Error::WeightsFile { file, .. } => ("source-weights", Some(file)),
            Error::TwoTensors(_) | Error::TensorNotFinite(_) => ("source-tensor", None),
            Error::Model(error) => (code_of(&error), None),
            _ => (UNSUPPORTED, None),
        };
        Self { code, message, file, ..Self::default() }
    }
}

/// A model that is read, and is none that this project computes.
const UNSUPPORTED: &str = "source-unsupported";

/// What the packed format refuses.
fn code_of(error: &minilm::Error) -> &'static str {
    match error {
        minilm::Error::OutOfMemory { .. } => "memory",
        minilm::Error::Json { .. } => "source-json",
        minilm::Error::Safetensors(_) => "source-weights",
        minilm::Error::MissingTensor(_)
        | minilm::Error::TensorShape { .. }
        | minilm::Error::TensorDtype { .. }
        | minilm::Error::NotFinite { .. } => "source-tensor",
        error if error.kind() == ErrorKind::Engine => "engine",
        _ => UNSUPPORTED,
    }
}

#[cfg(test)]
mod tests {
    use minilm_convert::Error;

    use super::Fault;

    #[test]
    fn every_refusal_has_a_code() {
        let config = minilm::Error::Config { field: "model_type".into(), reason: "t5 is not supported".into() };
        for (error, code, file) in [
            (Error::MissingFile("config.json".into()), "source-missing-file", Some("config.json")),
            (Error::WeightsFile { file: "model.bin".into(), reason: "x".into() }, "source-weights", Some("model.bin")),
            (Error::NoWeights { found: String::new() }, "source-no-weights", None),
            (Error::TensorNotFinite("a".into()), "source-tensor", None),
            (minilm::Error::MissingTensor("a".into()).into(), "source-tensor", None),
            (config.into(), "source-unsupported", None),
            (minilm::Error::OutOfMemory { bytes: 1 }.into(), "memory", None),
        ] {
            let message = error.to_string();
            let fault = Fault::from(error);
            assert_eq!((fault.code, fault.file.as_deref()), (code, file));
            assert_eq!(fault.message, message);
        }
    }
}
