//! How close every shape of model is to sentence-transformers, most of them with random weights. `reference/make_parity.py` makes the
//! models and the vectors.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, ensure};
use minilm::{Embedder, Precision};
use minilm_hub::{Context, ModelDir, Request};
use serde::Deserialize;

use crate::agreement::{self, Agreement};
use crate::report::{cosine, dash, table};

/// Smallest cosine of an `f32` vector.
const F32_MIN: f64 = 0.999_999;
/// Smallest mean cosine of `int8` vectors, and smallest cosine of one.
const INT8: (f64, f64) = (0.998, 0.99);

/// A model that sentence-transformers has encoded the texts with.
#[derive(Deserialize)]
struct Case {
    name: String,
    /// Sizes, for people.
    shape: String,
    /// Where the weights are from.
    weights: String,
    directory: PathBuf,
    /// A safetensors file with the tensor `embeddings` `[texts, dim]`.
    vectors: PathBuf,
}

/// What came out for a model.
pub struct Row {
    name: String,
    shape: String,
    weights: String,
    dim: usize,
    max_seq_length: usize,
    /// In the order of [`Precision::ALL`].
    found: Vec<Found>,
}

/// A precision of a model.
struct Found {
    file_bytes: usize,
    agreement: Agreement,
}

impl Row {
    /// The bars that it misses.
    fn misses(&self) -> Vec<String> {
        let [f32, int8] = [Precision::F32, Precision::Int8].map(|precision| self.agreement(precision));
        let bars = [
            ("f32, smallest cosine", f32.min, F32_MIN),
            ("int8, mean cosine", int8.mean, INT8.0),
            ("int8, smallest cosine", int8.min, INT8.1),
        ];
        // A cosine that is no number reaches none.
        let missed =
            bars.into_iter().filter(|(_, found, bar)| found.partial_cmp(bar).is_none_or(|order| order.is_lt()));
        missed.map(|(what, found, bar)| format!("{}: {what} {found:.6} is below {bar}", self.name)).collect()
    }

    fn agreement(&self, precision: Precision) -> Agreement {
        let index = Precision::ALL.iter().position(|other| *other == precision).unwrap_or_default();
        self.found[index].agreement
    }
}

/// Makes models and vectors in `folder` with the Python program `python`, and compares. `names` are models beside those with random
/// weights; `vocabulary` is the one whose tokenizer those have. All have to be model directories, or names of models with `model.safetensors`.
///
/// # Errors
/// Where Python or a package of its is missing, and those of the models.
pub fn evaluate(
    context: &Context,
    python: &str,
    folder: &Path,
    vocabulary: &str,
    names: &[String],
) -> Result<Vec<Row>> {
    let directory = |name: &String| Ok::<_, anyhow::Error>(context.resolve(&Request::Named(name.clone()))?.path);
    let directories = names.iter().map(directory).collect::<Result<Vec<_>>>()?;
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("reference/make_parity.py");
    let mut command = Command::new(python);
    command.arg(&script).arg("--out").arg(folder).arg("--vocabulary").arg(directory(&vocabulary.to_owned())?);
    let status = command.args(directories).status().with_context(|| format!("cannot run {python}"))?;
    ensure!(status.success(), "{python} {} failed: --python names one with its requirements.txt", script.display());
    compare(folder)
}

/// Compares with the vectors that are in `folder`.
///
/// # Errors
/// Where a file is missing, and those of the models.
pub fn compare(folder: &Path) -> Result<Vec<Row>> {
    let index = folder.join("index.json");
    let index = fs::read(&index).with_context(|| format!("cannot read {}", index.display()))?;
    let cases: Vec<Case> = serde_json::from_slice(&index).context("index.json")?;
    cases.into_iter().map(row).collect()
}

fn row(case: Case) -> Result<Row> {
    eprintln!("{}", case.name);
    let model = ModelDir { name: case.name.clone(), path: case.directory };
    let texts = agreement::texts()?;
    let (mut found, mut dim, mut max_seq_length) = (Vec::new(), 0, 0);
    for precision in Precision::ALL {
        let embedder = Embedder::from_bytes(model.pack(precision)?)?;
        (dim, max_seq_length) = (embedder.dim(), embedder.config().max_seq_length);
        let agreement = agreement::with_vectors(&embedder, &texts, &case.vectors)?;
        found.push(Found { file_bytes: embedder.info().file_bytes, agreement });
    }
    let Case { name, shape, weights, .. } = case;
    Ok(Row { name, shape, weights, dim, max_seq_length, found })
}

/// Two tables, sizes and cosines, and the bars that are missed.
#[must_use]
pub fn report(rows: &[Row]) -> (String, Vec<String>) {
    let files = Precision::ALL.map(|precision| format!("`{precision}`"));
    let title = ["model", "layers × width", "dimensions", "max. tokens"].into_iter().map(str::to_owned);
    let sizes = rows.iter().map(|row| {
        let shape = if row.shape.is_empty() { dash() } else { row.shape.clone() };
        let files = row.found.iter().map(|found| format!("{:.1} MB", found.file_bytes as f64 / 1e6));
        [row.name.clone(), shape, row.dim.to_string(), row.max_seq_length.to_string()]
            .into_iter()
            .chain(files)
            .collect()
    });
    let sizes = table(title.chain(files).collect(), sizes);
    let title = ["model", "weights", "`f32`, smallest cosine", "largest difference", "`int8`, mean cosine", "smallest"];
    let title = title.into_iter().chain(["`int6-e4`, mean cosine", "smallest"]).map(str::to_owned);
    let cosines = rows.iter().map(|row| {
        let [f32, int8, int6_e4] = Precision::ALL.map(|precision| row.agreement(precision));
        let difference = format!("{:.0e}", f32.difference);
        let [int8, int6_e4] = [int8, int6_e4].map(|found| [found.mean, found.min].map(cosine));
        let head = [row.name.clone(), row.weights.clone(), cosine(f32.min), difference];
        head.into_iter().chain(int8).chain(int6_e4).collect()
    });
    let cosines = table(title.collect(), cosines);
    (format!("{sizes}\n{cosines}"), rows.iter().flat_map(Row::misses).collect())
}

#[cfg(test)]
mod tests {
    use super::{Found, Row, report};
    use crate::agreement::Agreement;

    fn row(f32: f64, mean: f64, min: f64) -> Row {
        let found = |mean, min| Found { file_bytes: 1_250_000, agreement: Agreement { mean, min, difference: 2e-7 } };
        let found = vec![found(1.0, f32), found(mean, min), found(0.9, 0.8)];
        let (name, shape, weights) = ("tiny".to_owned(), String::new(), "random".to_owned());
        Row { name, shape, weights, dim: 4, max_seq_length: 8, found }
    }

    #[test]
    fn a_missed_bar_is_named() {
        let (tables, missed) = report(&[row(1.0, 0.998, 0.99)]);
        assert!(tables.contains("| tiny | – | 4 | 8 | 1.2 MB | 1.2 MB | 1.2 MB |"), "{tables}");
        assert!(tables.contains("| tiny | random | 1 | 2e-7 | 0.9980 | 0.9900 | 0.9000 | 0.8000 |"), "{tables}");
        assert!(missed.is_empty(), "{missed:?}");
        for (row, expected) in [
            (row(0.9999, 1.0, 1.0), "tiny: f32, smallest cosine 0.999900 is below 0.999999"),
            (row(1.0, 0.997, 1.0), "tiny: int8, mean cosine 0.997000 is below 0.998"),
            (row(1.0, 1.0, 0.98), "tiny: int8, smallest cosine 0.980000 is below 0.99"),
            (row(1.0, 1.0, f64::NAN), "tiny: int8, smallest cosine NaN is below 0.99"),
        ] {
            assert_eq!(report(&[row]).1, [expected]);
        }
    }
}
