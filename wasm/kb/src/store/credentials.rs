//! What a log may say of a database.

use percent_encoding::percent_decode_str;

/// What stands for something that is not shown.
const HIDDEN: &str = "***";

/// `text` of a host or a database, without what is secret in the `address` of the database: user and password of a URL, and the password of
/// an address of the form `host=… password=…`. Drivers quote an address as a whole or in parts, and escape it on the way.
pub fn without_credentials(text: &str, address: &str) -> String {
    let mut secrets: Vec<String> = Vec::new();
    if let Some((_, rest)) = address.split_once("://") {
        let (before_query, query) = rest.split_once('?').unwrap_or((rest, ""));
        // A password may hold the characters that end it in a URL, where nobody has escaped them.
        let user_info = rest.rsplit_once('@').or(before_query.rsplit_once('@')).map_or("", |(user_info, _)| user_info);
        secrets.push(user_info.to_owned());
        secrets.extend(user_info.split_once(':').map(|(_, password)| password.to_owned()));
        secrets.extend(query.split('&').filter_map(|pair| password(pair).map(str::to_owned)));
    } else {
        // The text behind the name up to the next blank, or between quotes.
        for (at, _) in address.match_indices("password") {
            let value = address[at..].split_once('=').map_or("", |(_, value)| value.trim_start());
            let quoted = value.strip_prefix('\'').map(|value| value.split('\'').next().unwrap_or_default());
            secrets.extend(quoted.or(value.split_whitespace().next()).map(str::to_owned));
        }
    }
    let decoded = secrets.iter().map(|secret| percent_decode_str(secret).decode_utf8_lossy().into_owned());
    let mut all: Vec<String> = secrets.iter().cloned().chain(decoded).collect();
    all.extend(all.clone().iter().map(|secret| secret.escape_debug().to_string()));
    all.retain(|secret| !secret.is_empty());
    // A secret may be part of another one.
    all.sort_unstable_by_key(|secret| std::cmp::Reverse(secret.len()));
    all.iter().fold(text.to_owned(), |text, secret| text.replace(secret.as_str(), HIDDEN))
}

/// The value of a parameter of a URL that is a password.
fn password(pair: &str) -> Option<&str> {
    pair.split_once('=').filter(|(name, _)| name.contains("password")).map(|(_, value)| value)
}

#[cfg(test)]
mod tests {
    use super::without_credentials;

    #[test]
    fn nothing_secret_is_left() {
        for (address, secrets) in [
            ("postgres://kb:s3cret@db.example:5432/kb", &["kb:s3cret", "s3cret"][..]),
            ("postgres://kb:p%40ss%2Fword@db.example/kb", &["p%40ss%2Fword", "p@ss/word"]),
            ("postgres://kb:a@b?c/d@db.example/kb", &["a@b?c/d"]),
            ("postgres://kb:say\"so@db.example/kb", &["say\"so", "say\\\"so"]),
            ("postgres://db.example/kb?user=kb&password=s3cret&sslmode=require", &["s3cret"]),
            ("host=db.example user=kb password=s3cret dbname=kb", &["s3cret"]),
            ("host=db.example password = 's3cret word' user=kb", &["s3cret word"]),
        ] {
            let said = [address, &format!("{address:?}"), &secrets.join(" and ")]
                .map(|address| format!("ConnectionFailed(\"address {address} is not permitted\")"));
            for text in said {
                let shown = without_credentials(&text, address);
                for secret in secrets {
                    assert!(!shown.contains(secret), "{shown}");
                }
                assert!(shown.contains("is not permitted"), "{shown}");
            }
            let shown = without_credentials(&format!("no route to {address}"), address);
            assert!(shown.contains("db.example"), "the place stays: {shown}");
        }
        assert_eq!(without_credentials("timed out", "postgres://db.example/kb"), "timed out");
    }
}
