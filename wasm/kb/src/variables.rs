//! Settings from Spin's variables, which can be secret: what is in the environment of a manifest is also in the image that is pushed.

use std::collections::HashMap;

use spin_sdk::variables::{self, Error};

/// The settings that a variable may have, and the name of the variable.
const SETTINGS: [(&str, &str); 4] = [
    ("API_KEY", "api_key"),
    ("READ_API_KEY", "read_api_key"),
    ("POSTGRES_URL", "postgres_url"),
    ("ALLOWED_HOSTS", "allowed_hosts"),
];

/// The settings that Spin has a variable for.
///
/// # Errors
/// A variable is there and cannot be read: a server that was to have a key must not answer without one. What the provider says of it may
/// name places of the host, so it is for the log.
pub async fn read() -> Result<HashMap<&'static str, String>, String> {
    let mut found = HashMap::new();
    for (setting, name) in SETTINGS {
        match variables::get(name).await {
            Ok(value) => drop(found.insert(setting, value)),
            Err(Error::Undefined(_)) => {}
            Err(error) => {
                eprintln!("the variable {name}: {error:?}");
                return Err(format!("the variable `{name}` cannot be read from Spin; the log has the reason"));
            }
        }
    }
    Ok(found)
}
