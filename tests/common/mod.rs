//! Files that the tests share: golden vectors, and the models that `cargo xtask test` prepares.
#![allow(dead_code, reason = "each test binary uses its own part")]

pub mod packed_file;
pub mod random;
#[cfg(not(target_family = "wasm"))]
pub mod tiny;

use std::path::{Path, PathBuf};

use safetensors::SafeTensors;

/// Models under test, as their files are called.
pub const MODELS: [&str; 2] = ["all-MiniLM-L6-v2", "paraphrase-MiniLM-L3-v2"];

/// Folder of the packed models and of links to their directories: `cargo xtask test` sets it up and names it here.
pub fn models_dir() -> PathBuf {
    let dir = std::env::var_os("MINILM_TEST_MODELS");
    PathBuf::from(dir.expect("MINILM_TEST_MODELS is not set: run the tests with `cargo xtask test`"))
}

/// Bytes of a packed model, `precision` being `int8`, `int6-e4` or `f32`.
pub fn packed(model: &str, precision: &str) -> Vec<u8> {
    read(&models_dir().join(format!("{model}-{precision}.minilm")))
}

/// A file of a model's own directory.
pub fn model_file(model: &str, file: &str) -> Vec<u8> {
    read(&models_dir().join(model).join(file))
}

/// The root of the project. Tests run in the folder of their package: the core's is the root, the others' are two folders below.
fn root() -> &'static Path {
    let found = ["", "../.."].into_iter().map(Path::new).find(|root| root.join("tests/golden").is_dir());
    found.expect("tests run in the folder of their package")
}

/// A file of the folder beside the project.
pub fn shared(path: &str) -> Vec<u8> {
    read(&root().join("../shared").join(path))
}

/// A file of the `golden` folder.
pub fn golden_file(name: &str) -> Vec<u8> {
    read(&root().join("tests/golden").join(name))
}

/// The texts that the golden vectors were made from.
pub fn texts() -> Vec<String> {
    serde_json::from_slice(&golden_file("texts.json")).expect("texts.json is an array of strings")
}

/// A float tensor of a golden file, row-major.
pub fn golden(model: &str, tensor: &str) -> Vec<f32> {
    let bytes = golden_file(&format!("{model}.safetensors"));
    let file = SafeTensors::deserialize(&bytes).expect("golden files are safetensors");
    let view = file.tensor(tensor).expect("golden files have this tensor");
    view.data().chunks_exact(4).map(|x| f32::from_le_bytes([x[0], x[1], x[2], x[3]])).collect()
}

/// The token counts of a golden file.
pub fn golden_n_tokens(model: &str) -> Vec<usize> {
    let bytes = golden_file(&format!("{model}.safetensors"));
    let file = SafeTensors::deserialize(&bytes).expect("golden files are safetensors");
    let view = file.tensor("n_tokens").expect("golden files have token counts");
    view.data().chunks_exact(4).map(|x| i32::from_le_bytes([x[0], x[1], x[2], x[3]]) as usize).collect()
}

/// How close two sets of rows are.
#[derive(Clone, Copy, Debug)]
pub struct Agreement {
    pub mean_cosine: f64,
    pub min_cosine: f64,
    pub max_difference: f64,
}

impl Agreement {
    pub fn of(a: &[f32], b: &[f32], dim: usize) -> Self {
        assert_eq!(a.len(), b.len());
        let cosines: Vec<f64> = a.chunks_exact(dim).zip(b.chunks_exact(dim)).map(|(a, b)| cosine(a, b)).collect();
        let differences = a.iter().zip(b).map(|(a, b)| f64::from((a - b).abs()));
        Self {
            mean_cosine: cosines.iter().sum::<f64>() / cosines.len() as f64,
            min_cosine: cosines.iter().copied().fold(f64::INFINITY, f64::min),
            max_difference: differences.fold(0.0, f64::max),
        }
    }
}

pub fn cosine(a: &[f32], b: &[f32]) -> f64 {
    let dot = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(&a, &b)| f64::from(a) * f64::from(b)).sum::<f64>();
    dot(a, b) / (dot(a, a) * dot(b, b)).sqrt()
}

fn read(path: &Path) -> Vec<u8> {
    std::fs::read(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}
