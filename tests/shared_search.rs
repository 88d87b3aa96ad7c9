//! The scan over integers against the exhaustive search, on real questions.

mod common;

use common::{MODELS, packed, shared};
use minilm::index::{Hit, QuantizedVector, Query, Rows, Scan, best};
use minilm::{Embedder, EncodeOptions, SimilarityFunction, semantic_search};

const TOP_K: usize = 10;

/// The first column of a CSV file, without its head.
fn questions(csv: &str) -> Vec<String> {
    let mut questions = Vec::new();
    let mut rest = csv.split_once('\n').expect("a head").1;
    while !rest.is_empty() {
        let (text, behind) = match rest.strip_prefix('"') {
            Some(quoted) => quoted.split_once("\",").expect("a closing quote"),
            None => rest.split_once(',').expect("two columns"),
        };
        questions.push(text.replace("\"\"", "\""));
        rest = behind.split_once('\n').map_or("", |(_, rest)| rest);
    }
    questions
}

#[test]
#[ignore = "needs ../shared beside the project"]
fn top_10_of_banking77_are_those_of_the_exhaustive_search() {
    let csv = String::from_utf8(shared("data/banking77-test.csv")).expect("UTF-8");
    let questions = questions(&csv);
    assert_eq!(questions.len(), 3080);
    let file = packed(MODELS[0], "int8");
    let embedder = Embedder::from_bytes(file).expect("the model is valid");
    let embeddings = embedder.encode(&questions, &EncodeOptions::default()).expect("questions are short");
    let (vectors, dim) = (&embeddings.data[..], embeddings.dim);
    let rows: Vec<_> = vectors.chunks_exact(dim).map(|v| QuantizedVector::new(v).expect("not 0")).collect();
    let values: Vec<i8> = rows.iter().flat_map(|row| &row.values).copied().collect();
    let scales: Vec<f32> = rows.iter().map(|row| row.scale).collect();
    let errors: Vec<f32> = rows.iter().map(|row| row.error).collect();

    let expected = semantic_search(vectors, vectors, dim, TOP_K, SimilarityFunction::Cosine).expect("whole rows");
    let (mut equal, mut candidates) = (0, 0);
    for (query, expected) in vectors.chunks_exact(dim).zip(&expected) {
        let query = Query::new(query).expect("not 0");
        let mut scan = Scan::new(&query, TOP_K);
        scan.rows(0, Rows { values: &values, scales: &scales, errors: &errors }).expect("the rows fit");
        let found = scan.candidates();
        candidates += found.len();
        let hit = |index: usize| Hit { index, score: query.score(&vectors[index * dim..][..dim]) };
        let found = best(found.into_iter().map(hit).collect(), TOP_K, None);
        let same = |(a, b): (&Hit, &Hit)| a == b;
        equal += usize::from(found.len() == TOP_K && found.iter().zip(expected).all(same));
    }
    println!("{equal} of {} equal, {} candidates each", rows.len(), candidates / rows.len());
    assert_eq!(equal, rows.len());
}
