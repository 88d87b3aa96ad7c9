//! Names that people send for the same weights.

/// Organization of the hub whose models go without it.
const DEFAULT_ORGANIZATION: &str = "sentence-transformers";

/// What Ollama's library calls models that are also on the hub: the name there, and its tags. `latest` is the tag of the bare name.
const OLLAMA: [(&str, &str, &[&str]); 4] = [
    ("all-MiniLM-L6-v2", "all-minilm", &["latest", "22m", "l6-v2", "22m-l6-v2-fp16"]),
    ("all-MiniLM-L12-v2", "all-minilm", &["33m", "l12-v2", "33m-l12-v2-fp16"]),
    ("snowflake-arctic-embed-xs", "snowflake-arctic-embed", &["22m", "22m-xs-fp16"]),
    ("snowflake-arctic-embed-s", "snowflake-arctic-embed", &["33m", "33m-s-fp16"]),
];

/// Whether a client that asks for `asked` may get the model `own`. An organization counts where both name one, a tag of Ollama only
/// where it stands for other weights; letters may be of either case.
pub fn same(asked: &str, own: &str) -> bool {
    let ((asked_by, asked), (own_by, own)) = (organization(asked), organization(own));
    let named = asked_by.is_none_or(|by| own_by.is_none_or(|own_by| own_by.eq_ignore_ascii_case(by)));
    let asked = asked.strip_suffix(":latest").unwrap_or(asked);
    named && (asked.eq_ignore_ascii_case(own) || in_ollamas_library(asked, own))
}

fn in_ollamas_library(asked: &str, own: &str) -> bool {
    let (name, tag) = asked.split_once(':').unwrap_or((asked, "latest"));
    OLLAMA.iter().any(|(hub, library, tags)| {
        hub.eq_ignore_ascii_case(own)
            && library.eq_ignore_ascii_case(name)
            && tags.iter().any(|known| known.eq_ignore_ascii_case(tag))
    })
}

/// The organization before a name, if there is one that says something.
fn organization(name: &str) -> (Option<&str>, &str) {
    match name.split_once('/') {
        Some((DEFAULT_ORGANIZATION, name)) => (None, name),
        Some((organization, name)) => (Some(organization), name),
        None => (None, name),
    }
}

#[cfg(test)]
mod tests {
    use super::same;

    #[test]
    fn names_of_the_same_weights() {
        for asked in [
            "all-MiniLM-L6-v2",
            "all-minilm-l6-v2",
            "sentence-transformers/all-MiniLM-L6-v2",
            "all-MiniLM-L6-v2:latest",
            "all-minilm",
            "all-minilm:latest",
            "all-minilm:l6-v2",
            "all-minilm:22m",
        ] {
            assert!(same(asked, "all-MiniLM-L6-v2"), "{asked}");
            assert!(same(asked, "sentence-transformers/all-MiniLM-L6-v2"), "{asked}");
        }
        assert!(same("all-minilm:33m", "all-MiniLM-L12-v2"));
        assert!(same("bge-small-en-v1.5", "BAAI/bge-small-en-v1.5"));
        assert!(same("BAAI/bge-small-en-v1.5", "bge-small-en-v1.5"));
    }

    #[test]
    fn other_weights_have_other_names() {
        for asked in [
            "",
            "all-MiniLM-L12-v2",
            "all-minilm:33m",
            "all-minilm:l12-v2",
            "all-MiniLM-L6",
            "text-embedding-3-small",
            "snowflake-arctic-embed:22m",
            "all-MiniLM-L6-v2:v1",
        ] {
            assert!(!same(asked, "all-MiniLM-L6-v2"), "{asked}");
        }
        assert!(!same("all-minilm", "all-MiniLM-L12-v2"));
        assert!(!same("someone/bge-small-en-v1.5", "BAAI/bge-small-en-v1.5"));
    }
}
