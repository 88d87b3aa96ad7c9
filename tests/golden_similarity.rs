//! Similarity functions and search against those of sentence-transformers, on golden vectors.

mod common;

use common::{MODELS, golden, golden_file};
use minilm::SimilarityFunction::{self, Cosine, Dot, Euclidean, Manhattan};
use minilm::{Error, semantic_search, similarity, similarity_pairwise};
use serde_json::Value;

const DIM: usize = 384;
const TOLERANCE: f64 = 2e-6;

fn expected() -> Value {
    serde_json::from_slice(&golden_file("quantized.json")).expect("quantized.json is JSON")
}

/// Rows 0..6 and 6..16 of the golden vectors.
fn queries_and_corpus() -> (Vec<f32>, Vec<f32>) {
    let rows = golden(MODELS[0], "embeddings");
    (rows[..6 * DIM].to_vec(), rows[6 * DIM..16 * DIM].to_vec())
}

const NAMES: [(&str, SimilarityFunction); 4] =
    [("cos_sim", Cosine), ("dot_score", Dot), ("euclidean_sim", Euclidean), ("manhattan_sim", Manhattan)];

#[test]
fn matrices() {
    let (queries, corpus) = queries_and_corpus();
    for (name, function) in NAMES {
        let found = similarity(&queries, &corpus, DIM, function).expect("whole rows");
        let rows = expected()["similarity"][name].as_array().expect("a matrix").clone();
        let expected: Vec<f64> =
            rows.iter().flat_map(|row| row.as_array().expect("a row")).map(|x| x.as_f64().expect("a number")).collect();
        assert_eq!((found.len(), expected.len()), (60, 60));
        // Of the distances, the Manhattan one is a sum of 384 absolute values near 20.
        let scale = if function == Manhattan { 20.0 } else { 1.0 };
        for (found, expected) in found.iter().zip(expected) {
            assert!((f64::from(*found) - expected).abs() <= TOLERANCE * scale, "{name}: {found} for {expected}");
        }
    }
}

#[test]
fn pairwise_is_the_diagonal() {
    let (queries, corpus) = queries_and_corpus();
    for (_, function) in NAMES {
        let matrix = similarity(&queries, &corpus[..6 * DIM], DIM, function).expect("whole rows");
        let pairs = similarity_pairwise(&queries, &corpus[..6 * DIM], DIM, function).expect("as many rows");
        assert_eq!(pairs, (0..6).map(|i| matrix[7 * i]).collect::<Vec<_>>());
    }
}

#[test]
fn searches() {
    let (queries, corpus) = queries_and_corpus();
    for (name, function, top_k) in
        [("cos_sim_top10", Cosine, 10), ("dot_score_top3", Dot, 3), ("euclidean_sim_top3", Euclidean, 3)]
    {
        let found = semantic_search(&queries, &corpus, DIM, top_k, function).expect("whole rows");
        let expected = expected()["semantic_search"][name].as_array().expect("rows").clone();
        assert_eq!(found.len(), expected.len());
        for (found, expected) in found.iter().zip(&expected) {
            let expected = expected.as_array().expect("hits");
            assert_eq!(found.len(), top_k);
            assert_eq!(found.len(), expected.len());
            for (found, expected) in found.iter().zip(expected) {
                assert_eq!(Some(found.index as u64), expected["corpus_id"].as_u64(), "{name}");
                let score = expected["score"].as_f64().expect("a number");
                assert!((f64::from(found.score) - score).abs() <= TOLERANCE, "{name}: {found:?} for {score}");
            }
        }
    }
}

#[test]
fn more_hits_than_rows_are_all_rows_and_none_is_none() {
    let (queries, corpus) = queries_and_corpus();
    for (top_k, expected) in [(0, 0), (11, 10), (usize::MAX, 10)] {
        let hits = semantic_search(&queries, &corpus, DIM, top_k, Cosine).expect("whole rows");
        assert!(hits.iter().all(|hits| hits.len() == expected));
    }
    assert!(semantic_search(&[], &corpus, DIM, 3, Cosine).expect("no query is no row").is_empty());
    assert_eq!(semantic_search(&queries, &[], DIM, 3, Cosine).expect("no corpus has no hit"), vec![vec![]; 6]);
}

#[test]
fn equal_and_undefined_scores_have_an_order() {
    let corpus = [1.0, 0.0, f32::NAN, 0.0, 1.0, 0.0, 2.0, 0.0];
    let hits = semantic_search(&[1.0, 0.0], &corpus, 2, 4, Dot).expect("whole rows");
    let order: Vec<usize> = hits[0].iter().map(|hit| hit.index).collect();
    assert_eq!(order, [3, 0, 2, 1]);
}

#[test]
fn rows_that_are_not_whole_are_refused() {
    let refused = |outcome: Result<Vec<f32>, Error>, name: &str, len: usize| {
        let error = outcome.expect_err("not whole rows");
        assert!(matches!(&error, Error::Rows { name: n, len: l, .. } if *n == name && *l == len), "{error:?}");
    };
    refused(similarity(&[0.0; 5], &[0.0; 4], 2, Cosine), "a", 5);
    refused(similarity(&[0.0; 4], &[0.0; 5], 2, Dot), "b", 5);
    refused(similarity(&[], &[], 0, Dot), "a", 0);
    refused(similarity_pairwise(&[0.0; 4], &[0.0; 6], 2, Dot), "b", 6);
    assert!(semantic_search(&[0.0; 3], &[0.0; 4], 2, 1, Dot).is_err());
    assert!(semantic_search(&[0.0; 4], &[0.0; 3], 2, 1, Dot).is_err());
}
