//! What models are measured on, and where it is found.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use serde::Deserialize;
use sha2::{Digest, Sha256};

use crate::classification::Labelled;
use crate::retrieval::Query;
use crate::sts::Pairs;

/// The page's questions, and the same in other words.
const QUESTIONS: &str = include_str!("../../../www/data/questions.json");
const QUERIES: &str = include_str!("../data/retrieval.json");

/// A file that the project does not carry.
pub struct Source {
    /// What it is, for people.
    pub what: &'static str,
    /// Where anyone gets it.
    pub url: &'static str,
    /// The option of the command that names it.
    pub option: &'static str,
}

/// The dev split of the STS benchmark.
pub const STS: Source = Source {
    what: "the dev split of the STS benchmark (sts-dev.csv in the archive, separated by tabs)",
    url: "http://ixa2.si.ehu.eus/stswiki/images/4/48/Stsbenchmark.tar.gz",
    option: "--sts",
};
/// The test split of Banking77.
pub const BANKING77: Source = Source {
    what: "the test split of Banking77",
    url: "https://raw.githubusercontent.com/PolyAI-LDN/task-specific-datasets/master/banking_data/test.csv",
    option: "--banking77",
};

impl Source {
    fn read(&self, file: &Path) -> Result<String> {
        fs::read_to_string(file).with_context(|| {
            format!(
                "cannot read {}: get {} from {} and name it with {}",
                file.display(),
                self.what,
                self.url,
                self.option
            )
        })
    }
}

/// Pairs of a file in the form of the STS benchmark: separated by tabs, the score in column 5, the sentences in columns 6 and 7. There are no quotes,
/// and a file may have more columns.
///
/// # Errors
/// Where the file cannot be read, and the line that has too few columns or no number.
pub fn sts(file: &Path) -> Result<Pairs> {
    let text = STS.read(file)?;
    let mut reader = csv::ReaderBuilder::new()
        .delimiter(b'\t')
        .quoting(false)
        .has_headers(false)
        .flexible(true)
        .from_reader(text.as_bytes());
    let mut pairs = Pairs::default();
    for (index, row) in reader.records().enumerate() {
        let row = row.with_context(|| file.display().to_string())?;
        let place = || format!("{}, line {}", file.display(), index + 1);
        ensure!(row.len() >= 7, "{}: 7 columns expected, {} found", place(), row.len());
        pairs.scores.push(row[4].parse().with_context(|| format!("{}: score {:?}", place(), &row[4]))?);
        pairs.first.push(row[5].to_owned());
        pairs.second.push(row[6].to_owned());
    }
    Ok(pairs)
}

/// Texts of a CSV file with the columns `text` and `category`.
///
/// # Errors
/// Where the file cannot be read, and what is wrong with a row of it.
pub fn banking77(file: &Path) -> Result<Labelled> {
    #[derive(Deserialize)]
    struct Row {
        text: String,
        category: String,
    }

    let text = BANKING77.read(file)?;
    let mut data = Labelled::default();
    for row in csv::Reader::from_reader(text.as_bytes()).into_deserialize() {
        let Row { text, category } = row.with_context(|| file.display().to_string())?;
        data.texts.push(text);
        data.labels.push(category);
    }
    Ok(data)
}

/// The questions of the page.
///
/// # Errors
/// Where they are no JSON of this form.
pub fn questions() -> Result<Vec<String>> {
    #[derive(Deserialize)]
    struct Item {
        question: String,
    }

    let items: Vec<Item> = serde_json::from_str(QUESTIONS).context("www/data/questions.json")?;
    Ok(items.into_iter().map(|item| item.question).collect())
}

/// Each a question of the page in other words.
///
/// # Errors
/// Where they are no JSON of this form.
pub fn queries() -> Result<Vec<Query>> {
    serde_json::from_str(QUERIES).context("crates/eval/data/retrieval.json")
}

/// What the scores of sentence-transformers were made from, by the names in `reference.json`.
pub(crate) fn built_in() -> [(&'static str, String); 2] {
    [("queries", sha256(QUERIES)), ("questions", sha256(QUESTIONS))]
}

/// 64 hexadecimal digits.
pub(crate) fn sha256(bytes: impl AsRef<[u8]>) -> String {
    format!("{:x}", Sha256::digest(bytes))
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;
    use std::fs;
    use std::path::{Path, PathBuf};

    use super::{banking77, queries, questions, sts};

    fn file(name: &str, content: &str) -> PathBuf {
        let file = std::env::temp_dir().join(format!("minilm-eval-{}-{name}", std::process::id()));
        fs::write(&file, content).expect("a folder for tests");
        file
    }

    #[test]
    fn pairs_have_quotes_as_they_are() {
        let found = sts(&file("sts", "a\tb\tc\t1\t5.000\tHe said \"no\tA \"quote.\ta\tb\nx\ty\tz\t2\t0.5\tone\ttwo\n"))
            .expect("two pairs");
        assert_eq!(found.first, ["He said \"no", "one"]);
        assert_eq!(found.second, ["A \"quote.", "two"]);
        assert_eq!(found.scores, [5.0, 0.5]);
    }

    #[test]
    fn a_line_that_is_no_pair_is_named() {
        let error = |name, content: &str| format!("{:#}", sts(&file(name, content)).expect_err("no pair"));
        assert!(error("short", "a\tb\n").ends_with("line 1: 7 columns expected, 2 found"));
        assert!(error("score", "a\tb\tc\td\te\tf\tg\n").contains("line 1: score \"e\""));
    }

    #[test]
    fn texts_may_be_quoted() {
        let found = banking77(&file("banking", "text,category\n\"One, two.\",a\nthree,b\n")).expect("two texts");
        assert_eq!(
            (found.texts, found.labels),
            (vec!["One, two.".into(), "three".into()], vec!["a".into(), "b".into()])
        );
    }

    #[test]
    fn a_missing_file_says_where_to_get_it() {
        let none = Path::new("there is no such file");
        assert!(
            format!("{:#}", sts(none).expect_err("no file")).contains("Stsbenchmark.tar.gz and name it with --sts")
        );
        assert!(
            format!("{:#}", banking77(none).expect_err("no file")).contains("test.csv and name it with --banking77")
        );
    }

    #[test]
    fn queries_are_questions_in_other_words() {
        let (questions, queries) = (questions().expect("JSON"), queries().expect("JSON"));
        assert!(queries.len() >= 60);
        let texts: HashSet<&str> = queries.iter().map(|query| query.query.as_str()).collect();
        assert_eq!(texts.len(), queries.len());
        for query in &queries {
            assert!(questions.contains(&query.question), "{:?} is no question of the page", query.question);
            assert!(!questions.contains(&query.query), "{:?} is a question of the page", query.query);
        }
    }
}
