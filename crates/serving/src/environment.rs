//! Where a component finds its settings: in its environment, and under Spin in variables, which can be secret. What is in the
//! environment of a manifest is also in the image that is pushed.

use std::collections::HashMap;

use crate::problem::Problem;

/// What finds the value of a setting in the environment, or else in Spin's variables where this is a build for Spin. A variable has the
/// name of its setting in small letters. `API_KEY`, `READ_API_KEY` and `ALLOWED_HOSTS` may be variables, and what is in `further`.
///
/// # Errors
/// 503: a variable is there and cannot be read. A server that was to have a key must not answer without one.
pub async fn environment(further: &[&'static str]) -> Result<impl Fn(&str) -> Option<String>, Problem> {
    let variables = variables(further).await.map_err(Problem::unhealthy)?;
    let set = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    Ok(move |name: &str| set(name).or_else(|| variables.get(name).cloned()))
}

#[cfg(not(all(feature = "spin", target_family = "wasm")))]
async fn variables(_: &[&'static str]) -> Result<HashMap<&'static str, String>, String> {
    Ok(HashMap::new())
}

#[cfg(all(feature = "spin", target_family = "wasm"))]
async fn variables(further: &[&'static str]) -> Result<HashMap<&'static str, String>, String> {
    use spin_sdk::variables::{self, Error};

    let mut found = HashMap::new();
    for setting in ["API_KEY", "READ_API_KEY", "ALLOWED_HOSTS"].iter().chain(further) {
        let name = setting.to_ascii_lowercase();
        match variables::get(&name).await {
            Ok(value) => drop(found.insert(*setting, value)),
            Err(Error::Undefined(_)) => {}
            Err(error) => {
                // It may name places of the host, so it is for the log.
                eprintln!("the variable {name}: {error:?}");
                return Err(format!("the variable `{name}` cannot be read from Spin; the log has the reason"));
            }
        }
    }
    Ok(found)
}
