//! Tables in Markdown, and where they go in a document.

use std::fmt::Write;

use anyhow::{Context, Result};
use minilm::{Embedder, Precision};

use crate::agreement::Agreement;
use crate::speed::{ROUNDS, Speed, Spread};
use crate::{Scores, classification, retrieval, sts};

/// Scores with their titles, in the order of the columns.
const METRICS: [(&str, &str); 6] = [
    (sts::STS, "STS-B dev"),
    (classification::LOGISTIC_REGRESSION, "Banking77, regression"),
    (classification::NEAREST_NEIGHBOUR, "Banking77, neighbour"),
    (retrieval::MRR, "retrieval, MRR@10"),
    (retrieval::NDCG, "nDCG@10"),
    (retrieval::RECALL, "recall@1"),
];

/// A packed model.
#[derive(Clone, Debug, PartialEq)]
pub struct Model {
    /// Its name.
    pub name: String,
    /// Its number format.
    pub precision: Precision,
    /// Size of the packed file in bytes.
    pub file_bytes: usize,
    /// Width of the vectors.
    pub dim: usize,
    /// Longest input in tokens.
    pub max_seq_length: usize,
}

impl Model {
    /// What its own file says.
    #[must_use]
    pub fn of(embedder: &Embedder) -> Self {
        let info = embedder.info();
        let (name, precision) = (info.name, info.precision);
        Self { name, precision, file_bytes: info.file_bytes, dim: info.dim, max_seq_length: info.max_seq_length }
    }
}

/// Sizes, and how close vectors are to those of sentence-transformers.
#[must_use]
pub fn sizes(models: &[(Model, Option<Agreement>)]) -> String {
    let title = ["model", "precision", "file", "dimensions", "max. tokens", "mean cosine", "smallest cosine"];
    let rows = models.iter().map(|(model, agreement)| {
        let [mean, min] = [agreement.map(|found| found.mean), agreement.map(|found| found.min)];
        vec![
            model.name.clone(),
            format!("`{}`", model.precision),
            format!("{:.1} MB", model.file_bytes as f64 / 1e6),
            model.dim.to_string(),
            model.max_seq_length.to_string(),
            mean.map_or_else(dash, cosine),
            min.map_or_else(dash, cosine),
        ]
    });
    table(title.map(str::to_owned).to_vec(), rows)
}

/// Scores of each model, those of sentence-transformers above them. Scores that no row has get no column.
#[must_use]
pub fn scores(models: &[(Model, Scores)], reference: impl Fn(&str) -> Scores) -> String {
    let metrics: Vec<_> =
        METRICS.into_iter().filter(|(name, _)| models.iter().any(|(_, scores)| scores.contains_key(*name))).collect();
    let cells = |name: &str, what: String, scores: &Scores| {
        let value = |name: &str| scores.get(name).map_or_else(dash, |score| format!("{score:.2}"));
        let values = metrics.iter().map(|(name, _)| value(name));
        [name.to_owned(), what].into_iter().chain(values).collect::<Vec<String>>()
    };
    let mut rows = Vec::new();
    for (index, (model, scores)) in models.iter().enumerate() {
        if index == 0 || models[index - 1].0.name != model.name {
            rows.push(cells(&model.name, "sentence-transformers".to_owned(), &reference(&model.name)));
        }
        rows.push(cells(&model.name, format!("`{}`", model.precision), scores));
    }
    let title = ["model", "precision"].into_iter().chain(metrics.iter().map(|(_, title)| *title));
    table(title.map(str::to_owned).collect(), rows)
}

/// Speeds, that of the model at `base` being 1.
#[must_use]
pub fn speeds(models: &[(Model, Speed)], base: usize, texts: usize, processor: &str) -> String {
    let spread = |Spread { low, median, high }: Spread, digits: usize| {
        format!("**{median:.digits$}** ({low:.digits$} to {high:.digits$})")
    };
    let rows = models.iter().map(|(model, speed)| {
        let (name, precision) = (model.name.clone(), format!("`{}`", model.precision));
        vec![name, precision, spread(speed.texts, 0), spread(speed.ratio, 2)]
    });
    let base = format!("beside {} `{}`", models[base].0.name, models[base].0.precision);
    format!(
        "The page's {texts} questions (4 to 13 words), natively in one thread, on {processor}. Medians and quartiles of {ROUNDS} interleaved \
         rounds.\n\n{}",
        table(vec!["model".into(), "precision".into(), "texts a second".into(), base], rows)
    )
}

/// `document` with `content` between the markers of the block `name`.
///
/// # Errors
/// Where the document has no such block.
pub fn replace_block(document: &str, name: &str, content: &str) -> Result<String> {
    let (begin, end) = (format!("<!-- {name} -->\n"), format!("<!-- end of {name} -->"));
    let missing = || format!("the document has no block between {begin:?} and {end:?}");
    let (before, rest) = document.split_once(&begin).with_context(missing)?;
    let (_, after) = rest.split_once(&end).with_context(missing)?;
    Ok(format!("{before}{begin}\n{content}\n{end}{after}"))
}

/// Four digits, but of what is nearer to 1 how far it is away.
pub(crate) fn cosine(cosine: f64) -> String {
    match 1.0 - cosine {
        ..=0.0 => "1".to_owned(),
        missing if missing < 1e-6 => format!("1 − {missing:.0e}"),
        _ => format!("{cosine:.4}"),
    }
}

pub(crate) fn dash() -> String {
    "–".to_owned()
}

pub(crate) fn table(title: Vec<String>, rows: impl IntoIterator<Item = Vec<String>>) -> String {
    let rule = vec!["---".to_owned(); title.len()];
    let mut text = String::new();
    for row in [title, rule].into_iter().chain(rows) {
        // A string takes everything.
        let _ = writeln!(text, "| {} |", row.join(" | "));
    }
    text
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use minilm::Precision;

    use super::{Model, replace_block, scores, sizes};
    use crate::Scores;
    use crate::agreement::Agreement;

    fn model(precision: Precision) -> Model {
        Model { name: "tiny".to_owned(), precision, file_bytes: 1_250_000, dim: 4, max_seq_length: 8 }
    }

    fn scored(score: f64) -> Scores {
        BTreeMap::from([("sts".to_owned(), score)])
    }

    #[test]
    fn the_reference_is_above_the_rows_of_its_model() {
        let models = [(model(Precision::F32), scored(86.579)), (model(Precision::Int8), scored(86.6))];
        let expected = "\
| model | precision | STS-B dev |
| --- | --- | --- |
| tiny | sentence-transformers | 86.58 |
| tiny | `f32` | 86.58 |
| tiny | `int8` | 86.60 |
";
        assert_eq!(scores(&models, |_| scored(86.58)), expected);
        assert!(scores(&models, |_| Scores::new()).contains("| tiny | sentence-transformers | – |"));
    }

    #[test]
    fn sizes_are_decimal() {
        let models = [
            (model(Precision::F32), Some(Agreement { mean: 1.0 - 3e-13, min: 0.99, difference: 0.0 })),
            (model(Precision::Int8), None),
        ];
        let table = sizes(&models);
        assert!(table.contains("| tiny | `f32` | 1.2 MB | 4 | 8 | 1 − 3e-13 | 0.9900 |"), "{table}");
        assert!(table.contains("| tiny | `int8` | 1.2 MB | 4 | 8 | – | – |"), "{table}");
    }

    #[test]
    fn only_the_block_is_replaced() {
        let document = "a\n<!-- x -->\nold\n<!-- end of x -->\nb\n";
        let replaced = replace_block(document, "x", "new\n").expect("a block");
        assert_eq!(replaced, "a\n<!-- x -->\n\nnew\n\n<!-- end of x -->\nb\n");
        assert_eq!(replace_block(&replaced, "x", "new\n").expect("a block"), replaced);
        assert!(replace_block(document, "y", "new").is_err());
    }
}
