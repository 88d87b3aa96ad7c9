//! What can be set beside what `minilm-serving` knows.

use std::fmt;
use std::ops::RangeInclusive;

use minilm_serving::Variables;

/// Where documents are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StoreKind {
    /// Spin's SQLite.
    Sqlite,
    /// PostgreSQL with pgvector.
    Postgres,
    /// A file that the command line tool has made.
    Index,
}

impl fmt::Display for StoreKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Sqlite => "sqlite",
            Self::Postgres => "postgres",
            Self::Index => "index",
        })
    }
}

/// Settings of the knowledge base.
#[derive(Clone, Debug)]
pub struct Settings {
    /// `SIMILARITY_THRESHOLD`: the least cosine of an answer, where a request does not say.
    pub similarity_threshold: f32,
    /// `SEARCH_FIELDS`: the text fields of a document that can be searched.
    pub search_fields: Vec<String>,
    /// `STORE`.
    pub store: StoreKind,
    /// `SQLITE_DATABASE`: its name in the manifest.
    pub sqlite_database: String,
    /// `POSTGRES_URL`.
    pub postgres_url: Option<String>,
    /// `INDEX_FILE`.
    pub index_file: String,
}

/// The store of a build where nothing is set.
const DEFAULT_STORE: &str = if cfg!(feature = "spin") { "sqlite" } else { "index" };

/// Bytes of a body, where nothing is set: a few thousand documents at once.
const PAYLOAD_LIMIT: &str = "16000000";

/// Most search fields, and bytes of the name of one.
const MOST_FIELDS: usize = 16;
const LONGEST_FIELD: usize = 64;

/// `variable`, with this component's own defaults for what `minilm-serving` reads.
pub fn with_defaults(variable: impl Fn(&str) -> Option<String>) -> impl Fn(&str) -> Option<String> {
    move |name| {
        let set = Variables::new(&variable).get(name);
        set.or_else(|| (name == "PAYLOAD_LIMIT").then(|| PAYLOAD_LIMIT.to_owned()))
    }
}

impl Settings {
    /// Settings out of `variable`, which finds the value of an environment variable.
    ///
    /// # Errors
    /// Which variable has which bad value, and what it may be.
    pub fn read(variable: impl Fn(&str) -> Option<String>) -> Result<Self, String> {
        let variables = Variables::new(&variable);
        let or = |name: &str, default: &str| variables.or(name, default);
        Ok(Self {
            similarity_threshold: threshold(&or("SIMILARITY_THRESHOLD", "0.6"))?,
            search_fields: fields(&or("SEARCH_FIELDS", "question"))?,
            store: match or("STORE", DEFAULT_STORE).as_str() {
                "sqlite" => StoreKind::Sqlite,
                "postgres" => StoreKind::Postgres,
                "index" => StoreKind::Index,
                other => return Err(format!("STORE is `{other}`: it must be sqlite, postgres or index")),
            },
            sqlite_database: or("SQLITE_DATABASE", "default"),
            postgres_url: variables.secret("POSTGRES_URL")?,
            index_file: or("INDEX_FILE", "/kb.minilm"),
        })
    }
}

/// The cosines that can be a threshold.
pub const COSINES: RangeInclusive<f32> = -1.0..=1.0;

fn threshold(text: &str) -> Result<f32, String> {
    let value = text.trim().parse().ok().filter(|value| COSINES.contains(value));
    value.ok_or_else(|| format!("SIMILARITY_THRESHOLD is `{text}`: it must be a number from -1 to 1"))
}

fn fields(text: &str) -> Result<Vec<String>, String> {
    let names: Vec<String> = text.split(',').map(|name| name.trim().to_owned()).collect();
    let fault = |fault| Err(format!("SEARCH_FIELDS is `{text}`: {fault}"));
    let is_name = |name: &String| {
        (1..=LONGEST_FIELD).contains(&name.len())
            && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"_-".contains(&b))
    };
    if !names.iter().all(is_name) {
        return fault("it must be names of letters, digits, - and _, of 64 at most, with commas between");
    }
    if names.len() > MOST_FIELDS {
        return fault("it has more than 16 fields");
    }
    match (1..names.len()).find(|&index| names[..index].contains(&names[index])) {
        Some(_) => fault("a field is in it twice"),
        None => Ok(names),
    }
}

#[cfg(test)]
mod tests {
    use super::{Settings, StoreKind, with_defaults};

    fn read(name: &str, value: &str) -> Result<Settings, String> {
        Settings::read(|asked| (asked == name).then(|| value.to_owned()))
    }

    #[test]
    fn without_variables_the_defaults_hold() {
        let settings = Settings::read(|_| None).expect("defaults are valid");
        assert_eq!(settings.similarity_threshold, 0.6);
        assert_eq!(settings.search_fields, ["question"]);
        assert_eq!(settings.index_file, "/kb.minilm");
        let limit = |set: Option<&str>| with_defaults(|_| set.map(str::to_owned))("PAYLOAD_LIMIT");
        assert_eq!(limit(None).as_deref(), Some("16000000"));
        assert_eq!(limit(Some("")).as_deref(), Some("16000000"));
        assert_eq!(limit(Some("7")).as_deref(), Some("7"));
    }

    #[test]
    fn a_bad_value_is_named() {
        for (name, value) in [
            ("SIMILARITY_THRESHOLD", "high"),
            ("SIMILARITY_THRESHOLD", "1.1"),
            ("SIMILARITY_THRESHOLD", "NaN"),
            ("SEARCH_FIELDS", "question,"),
            ("SEARCH_FIELDS", "a b"),
            ("SEARCH_FIELDS", "a'b"),
            ("SEARCH_FIELDS", "a,b,a"),
            ("STORE", "mongodb"),
        ] {
            let error = read(name, value).expect_err("the value is bad");
            assert!(error.starts_with(&format!("{name} is `{value}`: ")), "{error}");
        }
        assert_eq!(read("STORE", "postgres").map(|settings| settings.store), Ok(StoreKind::Postgres));
        assert_eq!(
            read("SEARCH_FIELDS", "a, b").map(|settings| settings.search_fields),
            Ok(vec!["a".into(), "b".into()])
        );
    }
}
