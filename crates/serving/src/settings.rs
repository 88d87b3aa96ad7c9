//! Settings from environment variables, which both Spin and wasmtime pass to a component. A setting that text-embeddings-inference
//! has too has the same name.

use std::fmt;
use std::str::FromStr;

use minilm_model_source::DEFAULT_PATH;

use crate::access::Access;
use crate::cors::Cors;
use crate::log::Level;

/// What can be set. Every field's variable is its name in capitals.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Texts in a request.
    pub max_client_batch_size: usize,
    /// Tokens in a request.
    pub max_batch_tokens: usize,
    /// Bytes of a body.
    pub payload_limit: usize,
    /// Bytes of a text.
    pub max_text_bytes: usize,
    /// Milliseconds of work for one request.
    pub max_request_ms: usize,
    /// Bytes of an answer, before compression.
    pub max_response_bytes: usize,
    /// Requests at once in one instance.
    pub max_concurrent_requests: usize,
    /// Whether texts that are too long are cut where a request does not say.
    pub auto_truncate: bool,
    /// Whether fields that a protocol does not know are refused. The servers of these protocols ignore them.
    pub strict_fields: bool,
    /// Name of the model in answers, if it is not its own.
    pub served_model_name: Option<String>,
    /// Name that the model must have.
    pub model_name: Option<String>,
    /// File of the model, for a component that carries none.
    pub model_path: String,
    /// Who may call: `API_KEY`, `READ_API_KEY`, `ALLOWED_HOSTS`.
    pub access: Access,
    /// Which pages of other origins may read answers.
    pub cors: Cors,
    /// What is logged.
    pub log: Level,
}

impl Settings {
    /// Settings out of `variable`, which finds the value of an environment variable.
    ///
    /// # Errors
    /// Which variable has which bad value, and what it may be.
    pub fn read(variable: impl Fn(&str) -> Option<String>) -> Result<Self, String> {
        let variables = Variables::new(&variable);
        let origins = "* or a list of origins with commas between";
        Ok(Self {
            max_client_batch_size: variables.positive("MAX_CLIENT_BATCH_SIZE", 2_048)?,
            max_batch_tokens: variables.positive("MAX_BATCH_TOKENS", 65_536)?,
            payload_limit: variables.positive("PAYLOAD_LIMIT", 2_000_000)?,
            max_text_bytes: variables.positive("MAX_TEXT_BYTES", 1_000_000)?,
            max_request_ms: variables.positive("MAX_REQUEST_MS", 8_000)?,
            max_response_bytes: variables.positive("MAX_RESPONSE_BYTES", 32_000_000)?,
            max_concurrent_requests: variables.positive("MAX_CONCURRENT_REQUESTS", 512)?,
            auto_truncate: variables.parse("AUTO_TRUNCATE", true, "true or false")?,
            strict_fields: variables.parse("STRICT_FIELDS", false, "true or false")?,
            served_model_name: variables.get("SERVED_MODEL_NAME"),
            model_name: variables.get("MODEL_NAME"),
            model_path: variables.or("MODEL_PATH", DEFAULT_PATH),
            access: Access::read(&variables)?,
            cors: variables.parse("CORS_ALLOW_ORIGIN", Cors::default(), origins)?,
            log: variables.parse("LOG", Level::Info, "info, error or off")?,
        })
    }
}

/// Environment variables. An empty value counts as none, since spin.toml can only list variables that have a value.
pub struct Variables<'a>(&'a dyn Fn(&str) -> Option<String>);

impl fmt::Debug for Variables<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Variables")
    }
}

impl<'a> Variables<'a> {
    /// The variables whose values `variable` finds.
    pub fn new(variable: &'a dyn Fn(&str) -> Option<String>) -> Self {
        Self(variable)
    }

    /// The value of `name`.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<String> {
        (self.0)(name).filter(|value| !value.is_empty())
    }

    /// The secret `name`: its value, or what is in the file that `name` with `_FILE` behind it names.
    ///
    /// # Errors
    /// Both are set, or the file cannot be read. The message never has the value in it.
    pub fn secret(&self, name: &str) -> Result<Option<String>, String> {
        let file_name = format!("{name}_FILE");
        match (self.get(name), self.get(&file_name)) {
            (value, None) => Ok(value),
            (Some(_), Some(_)) => Err(format!("{name} and {file_name} are both set: one of them is needed")),
            (None, Some(path)) => match read_file(&path) {
                Ok(text) if text.trim().is_empty() => Err(format!("{file_name}: {path} is empty")),
                Ok(text) => Ok(Some(text.trim().to_owned())),
                Err(reason) => Err(format!("{file_name}: cannot read {path}: {reason}")),
            },
        }
    }

    /// The value of `name`, or `default`.
    #[must_use]
    pub fn or(&self, name: &str, default: &str) -> String {
        self.get(name).unwrap_or_else(|| default.to_owned())
    }

    /// The value of `name` as a `T`, or `default`.
    ///
    /// # Errors
    /// The value is no `T`: the message says that it must be what `expected` describes.
    pub fn parse<T: FromStr>(&self, name: &str, default: T, expected: &str) -> Result<T, String> {
        let Some(value) = self.get(name) else { return Ok(default) };
        value.trim().parse().map_err(|_| format!("{name} is `{value}`: it must be {expected}"))
    }

    /// The value of `name` as a number of 1 or more, or `default`.
    ///
    /// # Errors
    /// The value is none.
    pub fn positive(&self, name: &str, default: usize) -> Result<usize, String> {
        match self.parse(name, default, POSITIVE)? {
            0 => Err(format!("{name} is `0`: it must be {POSITIVE}")),
            value => Ok(value),
        }
    }
}

#[cfg(feature = "model-path")]
fn read_file(path: &str) -> Result<String, String> {
    std::fs::read_to_string(path).map_err(|error| error.to_string())
}

/// A component that has its model in it asks its host for no files.
#[cfg(not(feature = "model-path"))]
fn read_file(_: &str) -> Result<String, String> {
    Err("this component reads no files; `minilm serve` and `minilm kb` read it for the component".to_owned())
}

const POSITIVE: &str = "a whole number, 1 or more";

#[cfg(test)]
mod tests {
    use super::Settings;

    fn read(name: &str, value: &str) -> Result<Settings, String> {
        Settings::read(|asked| (asked == name).then(|| value.to_owned()))
    }

    #[test]
    fn without_variables_the_defaults_hold() {
        let settings = Settings::read(|_| None).expect("defaults are valid");
        assert_eq!(settings.max_client_batch_size, 2_048);
        assert_eq!(settings.max_batch_tokens, 65_536);
        assert_eq!(settings.payload_limit, 2_000_000);
        assert_eq!(settings.max_text_bytes, 1_000_000);
        assert_eq!((settings.max_request_ms, settings.max_response_bytes), (8_000, 32_000_000));
        assert!(settings.auto_truncate && !settings.access.needs_key());
    }

    #[test]
    fn a_bad_value_is_named() {
        for (name, value) in
            [("MAX_BATCH_TOKENS", "-1"), ("PAYLOAD_LIMIT", "2MB"), ("AUTO_TRUNCATE", "yes"), ("LOG", "x")]
        {
            let error = read(name, value).expect_err("the value is bad");
            assert!(error.starts_with(&format!("{name} is `{value}`: it must be ")), "{error}");
        }
        assert!(read("MAX_TEXT_BYTES", "0").is_err());
    }

    #[test]
    fn an_empty_value_is_none() {
        assert!(!read("API_KEY", "").expect("empty is allowed").access.needs_key());
        assert_eq!(read("PAYLOAD_LIMIT", "").expect("empty is allowed").payload_limit, 2_000_000);
    }
}
