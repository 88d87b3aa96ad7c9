//! Embeddings of 4 bits and layers of 6 are those of 8 bits in fewer bytes: the same vectors, to the bit, as of a file that has them
//! unpacked.

#![cfg(not(target_family = "wasm"))]

mod common;

use common::packed_file::PackedFile;
use common::tiny::{Shape, TEXTS, Tiny};
use minilm::format::{INT4_GROUP, int4_len, names, unpack_int4, unpack_int6};
use minilm::{Embedder, EncodeOptions, Error, Precision};
use serde_json::json;

/// The rows of the word embeddings as 8-bit integers.
fn unpacked(file: &PackedFile, hidden: usize) -> Vec<u8> {
    let tensor = |name: &str| &file.data[file.bytes_of(name)];
    let multipliers = tensor("embeddings.word.multiplier").chunks_exact(int4_len(hidden.div_ceil(INT4_GROUP)));
    let row = |(row, multipliers): (&[u8], &[u8])| {
        let multipliers: Vec<i8> = unpack_int4(multipliers).collect();
        let values = unpack_int4(row).take(hidden).enumerate();
        values.map(|(i, q)| (q * multipliers[i / INT4_GROUP]) as u8).collect::<Vec<_>>()
    };
    tensor(names::WORD).chunks_exact(int4_len(hidden)).zip(multipliers).flat_map(row).collect()
}

/// The same file in precision `int8`: a copy of an `int8` file with the word embeddings and the layers of this one.
fn as_int8(tiny: &Tiny, file: &PackedFile, hidden: usize) -> PackedFile {
    let mut int8 = PackedFile::open(&tiny.pack(Precision::Int8));
    let rows = unpacked(file, hidden);
    let scales = file.data[file.bytes_of("embeddings.word.scale")].to_vec();
    for (name, bytes) in [(names::WORD, rows), ("embeddings.word.scale", scales)] {
        let range = int8.bytes_of(name);
        int8.data[range].copy_from_slice(&bytes);
    }
    for name in int8.tensors().iter().filter(|name| name.starts_with("layer.")) {
        let (range, bytes) = (int8.bytes_of(name), &file.data[file.bytes_of(name)]);
        if file.header[name]["dtype"] == "U8" {
            let mut values = vec![0; range.len()];
            unpack_int6(bytes, &mut values);
            let values: Vec<u8> = values.into_iter().map(|value| value as u8).collect();
            int8.data[range].copy_from_slice(&values);
        } else {
            int8.data[range].copy_from_slice(bytes);
        }
    }
    int8
}

fn vectors(file: &PackedFile) -> Vec<u32> {
    let embedder = Embedder::from_bytes(file.seal()).expect("the file is valid");
    let embeddings = embedder.encode(&TEXTS, &EncodeOptions::default()).expect("texts are cut");
    embeddings.data.into_iter().map(f32::to_bits).collect()
}

#[test]
fn the_vectors_of_8_bit_rows() {
    for hidden in [1, 7, 16, 31, 32, 33, 63, 64, 65, 100] {
        let tiny = Tiny::new(Shape { hidden, heads: 1, layers: 1, intermediate: 16 });
        let file = PackedFile::open(&tiny.pack(Precision::Int6E4));
        assert_eq!(file.header[names::WORD]["shape"], json!([40, hidden.div_ceil(2)]));
        assert_eq!(file.header["embeddings.word.multiplier"]["shape"], json!([40, hidden.div_ceil(32).div_ceil(2)]));
        let found = vectors(&file);
        assert_eq!(found, vectors(&as_int8(&tiny, &file, hidden)), "{hidden} wide");
        let other = vectors(&PackedFile::open(&tiny.pack(Precision::Int8)));
        assert!(found != other || hidden == 1, "{hidden} wide: 8 bits give other vectors");
    }
}

#[test]
fn parts_that_are_missing_or_of_another_shape_are_refused() {
    let file = PackedFile::open(&Tiny::default().pack(Precision::Int6E4));
    let refusal = |file: &PackedFile| Embedder::from_bytes(file.seal()).expect_err("the file does not fit");
    let layer = "layer.0.intermediate.weight";
    for name in [names::WORD, "embeddings.word.multiplier", "embeddings.word.scale", layer] {
        let mut renamed = file.clone();
        let header = renamed.header.as_object_mut().expect("headers are objects");
        let entry = header.remove(name).expect("it is there");
        header.insert("other".to_owned(), entry);
        assert!(matches!(refusal(&renamed), Error::MissingTensor(missing) if missing == name));

        let mut reshaped = file.clone();
        reshaped.header[name]["shape"] = json!([1, file.bytes_of(name).len(), 1]);
        if name.ends_with("scale") {
            reshaped.header[name]["shape"] = json!([20, 2]);
        }
        assert!(matches!(refusal(&reshaped), Error::TensorShape { name: found, .. } if found == name));
    }
    for precision in ["int8", "f32"] {
        let other = file.clone().configure(|config| config["precision"] = json!(precision));
        assert!(matches!(refusal(&other), Error::TensorDtype { name, .. } if name == names::WORD));
    }
    let mut int8 = PackedFile::open(&Tiny::default().pack(Precision::Int8));
    int8 = int8.configure(|config| config["precision"] = json!("int6-e4"));
    assert!(matches!(refusal(&int8), Error::TensorDtype { name, .. } if name == names::WORD));
}
