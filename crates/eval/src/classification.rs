//! Banking77: whether vectors tell 77 intents apart.
//!
//! Two scores. [`LOGISTIC_REGRESSION`] follows the protocol of MTEB: ten classifiers, each trained on 8 texts of each category, and the mean of
//! their accuracies. MTEB draws these texts from the train split and tests on the test split. Here both come from one file: what does not train
//! tests, so the figure is not MTEB's. [`NEAREST_NEIGHBOUR`] needs no training: how many texts have their category in common with the text that is
//! closest to them.

use std::collections::HashMap;

use anyhow::{Context, Result, ensure};
use linfa::DatasetBase;
use linfa::traits::{Fit, Predict};
use linfa_logistic::MultiLogisticRegression;
use minilm::{Embedder, SimilarityFunction, semantic_search};
use ndarray::{Array1, Array2, Axis};
use sha2::{Digest, Sha256};

use crate::{Scores, encode, mean, scores};

/// Name of the score of classifiers.
pub const LOGISTIC_REGRESSION: &str = "logistic_regression";
/// Name of the score of nearest neighbours.
pub const NEAREST_NEIGHBOUR: &str = "nearest_neighbour";

/// As in MTEB.
const EXPERIMENTS: usize = 10;
const PER_LABEL: usize = 8;
const MAX_ITERATIONS: u64 = 100;
/// Length of the gradient of the loss, summed over the training texts, at which training ends. scikit-learn ends where no component of the gradient of
/// the mean is above 1e-4, which is 0.06 of the sum over 616 texts.
const GRADIENT_TOLERANCE: f64 = 0.06;

/// Texts with the category of each.
#[derive(Debug, Default, PartialEq)]
pub struct Labelled {
    /// The texts.
    pub texts: Vec<String>,
    /// As many categories.
    pub labels: Vec<String>,
}

/// Mean accuracy of the classifiers, and the share of texts whose nearest neighbour has their category.
///
/// # Errors
/// Those of the embedder and of training; fewer than two categories, or one that has no text left to test.
pub fn evaluate(embedder: &Embedder, data: &Labelled) -> Result<Scores> {
    let classes = classes(&data.labels);
    ensure!(classes.iter().any(|&class| class > 0), "a classifier needs two categories");
    let rows = Array2::from_shape_vec((data.texts.len(), embedder.dim()), encode(embedder, &data.texts)?)?;
    let nearest = nearest_neighbour(&rows, &classes)?;
    let accuracies = (0..EXPERIMENTS).map(|experiment| accuracy(&rows, &classes, &sample(&classes, experiment)));
    let accuracies = accuracies.collect::<Result<Vec<f64>>>()?;
    Ok(scores([(LOGISTIC_REGRESSION, mean(accuracies.into_iter())), (NEAREST_NEIGHBOUR, nearest)]))
}

/// Categories as numbers, in the order in which they first appear.
fn classes(labels: &[String]) -> Vec<usize> {
    let mut numbers = HashMap::new();
    labels
        .iter()
        .map(|label| {
            let next = numbers.len();
            *numbers.entry(label).or_insert(next)
        })
        .collect()
}

/// Which rows train: of each category those whose number, hashed with the experiment's, is smallest. Python draws the same in a line.
fn sample(classes: &[usize], experiment: usize) -> Vec<bool> {
    let mut order: Vec<usize> = (0..classes.len()).collect();
    order.sort_by_cached_key(|row| Sha256::digest(format!("{experiment}:{row}")));
    let (mut train, mut taken) = (vec![false; classes.len()], HashMap::new());
    for row in order {
        let taken = taken.entry(classes[row]).or_insert(0);
        train[row] = *taken < PER_LABEL;
        *taken += 1;
    }
    train
}

/// Of a classifier trained on the rows of `train`, over all other rows.
fn accuracy(rows: &Array2<f32>, classes: &[usize], train: &[bool]) -> Result<f64> {
    let part = |wanted: bool| {
        let chosen: Vec<usize> = (0..classes.len()).filter(|&row| train[row] == wanted).collect();
        let classes: Array1<usize> = chosen.iter().map(|&row| classes[row]).collect();
        (rows.select(Axis(0), &chosen).mapv(f64::from), classes)
    };
    let ((train, train_classes), (test, test_classes)) = (part(true), part(false));
    ensure!(!test_classes.is_empty(), "no text is left to test: each category has at most {PER_LABEL}");
    // The loss of scikit-learn's LogisticRegression with C = 1: the intercept is not regularized.
    let parameters = MultiLogisticRegression::default()
        .alpha(1.0)
        .max_iterations(MAX_ITERATIONS)
        .gradient_tolerance(GRADIENT_TOLERANCE);
    let classifier = parameters.fit(&DatasetBase::new(train, train_classes)).context("logistic regression")?;
    let predicted: Array1<usize> = classifier.predict(&test);
    Ok(mean(predicted.iter().zip(&test_classes).map(|(found, expected)| f64::from(found == expected))))
}

/// Share of rows that have their class in common with the nearest other row, by cosine.
fn nearest_neighbour(rows: &Array2<f32>, classes: &[usize]) -> Result<f64> {
    let vectors = rows.as_slice().context("rows lie in order")?;
    let hits = semantic_search(vectors, vectors, rows.ncols(), 2, SimilarityFunction::Cosine)?;
    let right = hits.iter().enumerate().map(|(row, hits)| {
        // The row itself is the nearest, or second to one that is equal to it.
        let other = hits.iter().find(|hit| hit.index != row);
        f64::from(other.is_some_and(|hit| classes[hit.index] == classes[row]))
    });
    Ok(mean(right))
}

#[cfg(test)]
mod tests {
    use ndarray::Array2;

    use super::{accuracy, classes, nearest_neighbour, sample};

    #[test]
    fn samples_are_those_of_the_reference() {
        let classes: Vec<usize> = (0..30).map(|row| row % 3).collect();
        let train = |experiment| {
            let train = sample(&classes, experiment);
            (0..30).filter(|&row| !train[row]).collect::<Vec<usize>>()
        };
        // `sample` of make_reference.py.
        assert_eq!(train(0), [0, 1, 5, 6, 11, 13]);
        assert_eq!(train(9), [0, 5, 18, 19, 26, 28]);
    }

    #[test]
    fn classes_are_numbered_as_they_appear() {
        let labels = ["b", "a", "b", "c"].map(str::to_owned);
        assert_eq!(classes(&labels), [0, 1, 0, 2]);
    }

    /// Ten rows of each of three classes: around three corners, and the last one of class 2 in the corner of class 0.
    fn corners() -> (Array2<f32>, Vec<usize>) {
        let classes: Vec<usize> = (0..30).map(|row| row % 3).collect();
        let mut rows = Array2::from_shape_fn((30, 3), |(row, column)| {
            f32::from(u8::from(column == row % 3)) + 0.01 * ((7 * row + 3 * column) % 5) as f32
        });
        let moved = rows.row(0).to_owned();
        rows.row_mut(29).assign(&moved);
        (rows, classes)
    }

    #[test]
    fn a_classifier_learns_what_can_be_learned() {
        let (rows, classes) = corners();
        let train: Vec<bool> = (0..30).map(|row| row < 24).collect();
        assert_eq!(accuracy(&rows, &classes, &train).expect("three classes"), 5.0 / 6.0);
    }

    #[test]
    fn a_classifier_needs_texts_to_test() {
        let (rows, classes) = corners();
        assert!(accuracy(&rows, &classes, &[true; 30]).is_err());
    }

    #[test]
    fn neighbours_are_other_rows() {
        // The first two rows are equal, of different classes, and each other's neighbours.
        let rows = ndarray::array![[1.0, 0.0], [1.0, 0.0], [0.0, 1.0], [0.1, 1.0]];
        assert_eq!(nearest_neighbour(&rows, &[0, 1, 0, 0]).expect("whole rows"), 0.5);
    }
}
