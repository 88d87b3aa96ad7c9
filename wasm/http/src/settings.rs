//! Everything that can be set, from environment variables: both Spin and wasmtime hand those over. Where text-embeddings-inference
//! has the setting, it has its name.

use std::fmt::Display;
use std::str::FromStr;

use minilm_model_source::DEFAULT_PATH;

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
    /// Requests at once in one instance.
    pub max_concurrent_requests: usize,
    /// Whether texts that are too long are cut where a request does not say.
    pub auto_truncate: bool,
    /// Name of the model in answers, if it is not its own.
    pub served_model_name: Option<String>,
    /// Name that the model must have.
    pub model_name: Option<String>,
    /// Packed file of the model, where none is baked in.
    pub model_path: String,
    /// Key that requests must carry.
    pub api_key: Option<String>,
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
        // An empty value is as good as none: spin.toml can only list variables with a value.
        let variable = |name: &str| variable(name).filter(|value| !value.is_empty());
        Ok(Self {
            max_client_batch_size: number(&variable, "MAX_CLIENT_BATCH_SIZE", 256)?,
            max_batch_tokens: number(&variable, "MAX_BATCH_TOKENS", 65_536)?,
            payload_limit: number(&variable, "PAYLOAD_LIMIT", 2_000_000)?,
            max_text_bytes: number(&variable, "MAX_TEXT_BYTES", 1_000_000)?,
            max_concurrent_requests: number(&variable, "MAX_CONCURRENT_REQUESTS", 512)?,
            auto_truncate: parsed(&variable, "AUTO_TRUNCATE", true, "true or false")?,
            served_model_name: variable("SERVED_MODEL_NAME"),
            model_name: variable("MODEL_NAME"),
            model_path: variable("MODEL_PATH").unwrap_or_else(|| DEFAULT_PATH.to_owned()),
            api_key: variable("API_KEY"),
            cors: parsed(
                &variable,
                "CORS_ALLOW_ORIGIN",
                Cors::default(),
                "* or a list of origins with commas between",
            )?,
            log: parsed(&variable, "LOG", Level::Info, "info, error or off")?,
        })
    }
}

fn number(variable: &impl Fn(&str) -> Option<String>, name: &str, default: usize) -> Result<usize, String> {
    let value = parsed(variable, name, default, "a whole number, 1 or more")?;
    if value == 0 { Err(format!("{name} is 0: it must be a whole number, 1 or more")) } else { Ok(value) }
}

fn parsed<T: FromStr>(
    variable: &impl Fn(&str) -> Option<String>,
    name: &str,
    default: T,
    expected: impl Display,
) -> Result<T, String> {
    let Some(value) = variable(name) else { return Ok(default) };
    value.trim().parse().map_err(|_| format!("{name} is `{value}`: it must be {expected}"))
}

#[cfg(test)]
mod tests {
    use super::Settings;

    fn read(name: &str, value: &str) -> Result<Settings, String> {
        Settings::read(|asked| (asked == name).then(|| value.to_owned()))
    }

    #[test]
    fn without_variables_the_defaults_hold() {
        let settings = Settings::read(|_| None).expect("defaults are valid");
        assert_eq!(settings.max_client_batch_size, 256);
        assert_eq!(settings.max_batch_tokens, 65_536);
        assert_eq!(settings.payload_limit, 2_000_000);
        assert_eq!(settings.max_text_bytes, 1_000_000);
        assert!(settings.auto_truncate && settings.api_key.is_none());
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
        assert!(read("API_KEY", "").expect("empty is allowed").api_key.is_none());
        assert_eq!(read("PAYLOAD_LIMIT", "").expect("empty is allowed").payload_limit, 2_000_000);
    }
}
