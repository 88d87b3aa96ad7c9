//! What must be in no message and in no file: passwords and keys.

use std::fs;
use std::path::Path;
use std::sync::OnceLock;

use anyhow::{Context, Result, bail};
use url::Url;
use url::form_urlencoded;

/// What stands for a secret in messages.
const HIDDEN: &str = "***";

/// What is hidden, the longest first.
static SECRETS: OnceLock<Vec<String>> = OnceLock::new();

/// The text in the file of a secret, without the end of the line.
pub fn read(path: &Path) -> Result<String> {
    let text = fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    match text.trim() {
        "" => bail!("{} is empty", path.display()),
        secret => Ok(secret.to_owned()),
    }
}

/// Hides the credentials in `addresses`, and `keys`, in every message from here on.
pub fn hide(addresses: &[&str], keys: &[&str]) {
    let mut secrets: Vec<String> = addresses.iter().flat_map(|address| credentials(address)).collect();
    secrets.extend(keys.iter().map(|key| (*key).to_owned()));
    // Messages quote text, with escapes.
    secrets.extend(secrets.clone().iter().map(|secret| secret.escape_debug().to_string()));
    secrets.retain(|secret| !secret.is_empty());
    secrets.sort_unstable_by_key(|secret| std::cmp::Reverse(secret.len()));
    // The first call counts: there is one in a program.
    let _ = SECRETS.set(secrets);
}

/// `text` without what is hidden.
pub fn hidden(text: &str) -> String {
    hidden_in(text, SECRETS.get().map_or(&[], Vec::as_slice))
}

fn hidden_in(text: &str, secrets: &[String]) -> String {
    secrets.iter().fold(text.to_owned(), |text, secret| text.replace(secret.as_str(), HIDDEN))
}

/// User and password as an address has them, and the password, escaped and plain.
fn credentials(address: &str) -> Vec<String> {
    let rest = address.split_once("://").map_or("", |(_, rest)| rest);
    let Some((user_info, _)) = rest.rsplit_once('@') else { return Vec::new() };
    let password = user_info.split_once(':').map_or("", |(_, password)| password);
    // As a value of a query, in which `+` is a blank.
    let plain = password.replace('+', "%2B").replace('&', "%26");
    let plain = form_urlencoded::parse(format!("x={plain}").as_bytes()).next().map(|(_, plain)| plain.into_owned());
    vec![user_info.to_owned(), password.to_owned(), plain.unwrap_or_default()]
}

/// An address without credentials, for files.
pub fn address(url: &Url) -> String {
    let mut url = url.clone();
    // Only addresses without a host refuse this, and those have no credentials.
    let _ = url.set_username("");
    let _ = url.set_password(None);
    url.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_are_in_no_message() {
        for (uri, secret) in [
            ("mongodb://kb:s3cret@a.example,b.example/shop?tls=true", "s3cret"),
            ("mongodb+srv://kb:p%40ss+w%2Ford@a.example", "p@ss+w/ord"),
            ("mongodb+srv://kb:p%40ss+w%2Ford@a.example", "p%40ss+w%2Ford"),
            ("https://kb:a@b@kb.example/", "a@b"),
        ] {
            let shown = hidden_in(&format!("no route to {uri}: {secret} is wrong"), &credentials(uri));
            assert!(!shown.contains(secret) && shown.contains(".example"), "{shown}");
        }
        assert!(credentials("mongodb://127.0.0.1/").is_empty());
        let url = Url::parse("http://kb:s3cret@kb.example:5001/base/").expect("a URL");
        assert_eq!(address(&url), "http://kb.example:5001/base/");
    }
}
