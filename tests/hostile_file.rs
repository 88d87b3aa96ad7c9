//! Damaged and foreign files are refused, each with the error that names the fault.

#![cfg(not(target_family = "wasm"))]

mod common;

use std::sync::LazyLock;

use common::packed_file::{PackedFile, header_end, seal, with_header};
use common::random::Random;
use common::tiny::{TEXTS, Tiny};
use minilm::{AlignedBytes, Embedder, EncodeOptions, Error, ModelFile, Precision};
use serde_json::{Value, json};

static INT8: LazyLock<Vec<u8>> = LazyLock::new(|| Tiny::default().pack(Precision::Int8));
static INT6_E4: LazyLock<Vec<u8>> = LazyLock::new(|| Tiny::default().pack(Precision::Int6E4));
static F32: LazyLock<Vec<u8>> = LazyLock::new(|| Tiny::default().pack(Precision::F32));

fn refusal(file: &[u8]) -> Error {
    Embedder::from_bytes(file.to_vec()).expect_err("the file is damaged")
}

#[test]
fn the_files_themselves_are_valid() {
    for file in [&*INT8, &*INT6_E4, &*F32] {
        let embedder = Embedder::from_bytes(file.clone()).expect("nothing is damaged yet");
        assert_eq!(embedder.encode(&TEXTS, &EncodeOptions::default()).expect("texts are cut").len(), TEXTS.len());
        assert_eq!(&PackedFile::open(file).seal()[header_end(file)..], &file[header_end(file)..file.len()]);
    }
}

#[test]
fn every_shorter_file_is_refused() {
    for file in [&*INT8, &*INT6_E4, &*F32] {
        assert!(header_end(file) < 64 << 10);
        let every_byte = 0..file.len().min(64 << 10);
        let sampled = (64 << 10..file.len()).step_by(97);
        for len in every_byte.chain(sampled) {
            refusal(&file[..len]);
            assert!(ModelFile::trust(&file[..len]).is_err(), "{len} bytes");
        }
    }
    let mut longer = INT8.clone();
    longer.push(0);
    refusal(&longer);
}

#[test]
fn every_flipped_bit_is_noticed() {
    let mut file = INT8.clone();
    let header = 0..header_end(&file);
    for byte in header.chain((header_end(&file)..file.len()).step_by(13)).chain(file.len() - 8..file.len()) {
        for bit in 0..8 {
            file[byte] ^= 1 << bit;
            refusal(&file);
            file[byte] ^= 1 << bit;
        }
    }
    assert!(Embedder::from_bytes(file).is_ok());
}

#[test]
fn flipped_bits_in_data_are_a_wrong_checksum() {
    let mut random = Random(1);
    for _ in 0..200 {
        let mut file = INT8.clone();
        let at = header_end(&file) + random.below(file.len() - header_end(&file));
        file[at] ^= 1 << random.below(8);
        assert!(matches!(refusal(&file), Error::Checksum { .. }), "byte {at}");
    }
}

#[test]
fn headers_that_are_none() {
    let limit = 96 << 10;
    let prefixed = |len: u64| [&len.to_le_bytes()[..], &INT8[8..]].concat();
    for len in [limit + 1, 1 << 31, 1 << 32, u64::MAX / 2, u64::MAX - 7, u64::MAX] {
        assert!(matches!(refusal(&prefixed(len)), Error::HeaderTooLarge { found, .. } if found == len));
    }
    assert!(
        matches!(refusal(&prefixed(limit)[..9000]), Error::Truncated { found: 9000, needed } if needed as u64 == limit + 8)
    );
    for len in 0..8 {
        assert!(matches!(refusal(&INT8[..len]), Error::Truncated { needed: 8, .. }));
    }
    let deep = format!("{{\"a\":{}", "[".repeat(90_000));
    for header in ["", "{", "null", "[]", "\"text\"", "{\"a\":", "{]", "\u{feff}{}", &deep] {
        assert!(matches!(refusal(&with_header(header.as_bytes(), &[0; 8])), Error::Safetensors(_)), "{header:.20}");
    }
    assert!(matches!(refusal(&with_header(b"{\"\xff\":0}", &[0; 8])), Error::Safetensors(_)));
}

#[test]
fn tensors_that_do_not_lie_end_to_end() {
    let at = |name: &str, offsets: [u64; 2]| {
        let mut file = PackedFile::open(&INT8);
        file.header[name]["data_offsets"] = json!(offsets);
        file.seal()
    };
    let word = PackedFile::open(&INT8).bytes_of("embeddings.word");
    let (start, end) = (word.start as u64, word.end as u64);
    for offsets in [
        [start + 1, end],
        [start, end + 1],
        [start, end - 1],
        [end, start],
        [start, u64::MAX],
        [u64::MAX, u64::MAX],
        [u64::MAX - 7, u64::MAX],
        [start + (1 << 32), end + (1 << 32)],
        [0, INT8.len() as u64],
    ] {
        assert!(matches!(refusal(&at("embeddings.word", offsets)), Error::Safetensors(_)), "{offsets:?}");
    }
    // Two tensors in each other's place, and two in the same one.
    let mut swapped = PackedFile::open(&INT8);
    let (a, b) = ("layer.0.qkv.scale", "layer.1.qkv.scale");
    let offsets = swapped.header[a]["data_offsets"].clone();
    swapped.header[b]["data_offsets"] = offsets;
    assert!(matches!(refusal(&swapped.seal()), Error::Safetensors(_)));
}

#[test]
fn shapes_whose_size_overflows() {
    for shape in [json!([u64::MAX, 2]), json!([1u64 << 32, 1u64 << 32]), json!([u64::MAX]), json!([-1]), json!([0.5])] {
        let mut file = PackedFile::open(&INT8);
        file.header["embeddings.word"]["shape"] = shape.clone();
        assert!(matches!(refusal(&file.seal()), Error::Safetensors(_)), "{shape}");
    }
}

#[test]
fn every_tensor_is_needed() {
    for file in [&*INT8, &*INT6_E4, &*F32] {
        for name in PackedFile::open(file).tensors() {
            let mut damaged = PackedFile::open(file);
            let header = damaged.header.as_object_mut().expect("headers are objects");
            let info = header.remove(&name).expect("it was there");
            header.insert("another".to_owned(), info);
            assert!(matches!(refusal(&damaged.seal()), Error::MissingTensor(missing) if missing == name), "{name}");
        }
    }
}

#[test]
fn every_tensor_has_its_shape() {
    for file in [&*INT8, &*INT6_E4, &*F32] {
        for name in PackedFile::open(file).tensors() {
            for change in [add_axis, flatten] {
                let mut damaged = PackedFile::open(file);
                let shape = change(&damaged.header[&name]["shape"]);
                if shape == damaged.header[&name]["shape"] {
                    continue;
                }
                damaged.header[&name]["shape"] = shape;
                let error = refusal(&damaged.seal());
                // The axis that counts the groups of `sum` may be the one that changed.
                let named = match &error {
                    Error::TensorShape { name: found, .. } => *found == name,
                    Error::Config { field, .. } => *field == name && name.ends_with(".sum"),
                    _ => false,
                };
                assert!(named, "{name}: {error:?}");
            }
        }
    }
}

fn add_axis(shape: &Value) -> Value {
    let mut shape = shape.as_array().expect("shapes are arrays").clone();
    shape.push(json!(1));
    Value::Array(shape)
}

fn flatten(shape: &Value) -> Value {
    let sizes = shape.as_array().expect("shapes are arrays").iter();
    json!([sizes.map(|size| size.as_u64().expect("sizes are numbers")).product::<u64>()])
}

#[test]
fn every_tensor_has_its_type() {
    for file in [&*INT8, &*INT6_E4, &*F32] {
        for name in PackedFile::open(file).tensors() {
            let mut damaged = PackedFile::open(file);
            // One of the same size.
            let other = match damaged.header[&name]["dtype"].as_str().expect("types are strings") {
                "I8" => "U8",
                "U8" => "I8",
                "BF16" => "F16",
                "F32" => "I32",
                "U32" | "I32" => "F32",
                other => panic!("{name} has type {other}"),
            };
            damaged.header[&name]["dtype"] = json!(other);
            let error = refusal(&damaged.seal());
            assert!(
                matches!(&error, Error::TensorDtype { name: n, found, .. } if *n == name && found == other),
                "{error:?}"
            );
        }
    }
}

#[test]
fn the_checksum_is_the_last_of_the_file() {
    let mut file = PackedFile::open(&INT8);
    file.header["checksum"]["shape"] = json!([2]);
    file.header["checksum"]["dtype"] = json!("F32");
    assert!(Embedder::from_bytes(file.seal()).is_ok(), "eight bytes are eight bytes");

    let mut file = PackedFile::open(&INT8);
    let end = file.data.len();
    file.header["another"] = json!({"dtype": "U8", "shape": [64], "data_offsets": [end, end + 64]});
    file.data.extend([0; 64]);
    assert!(matches!(refusal(&file.seal()), Error::TensorShape { name, .. } if name == "checksum"));

    let mut file = PackedFile::open(&INT8);
    let header = file.header.as_object_mut().expect("headers are objects");
    let checksum = header.remove("checksum").expect("it was there");
    header.insert("another".to_owned(), checksum);
    assert!(matches!(refusal(&file.seal()), Error::MissingTensor(name) if name == "checksum"));
}

#[test]
fn foreign_files() {
    let foreign = Tiny::default().safetensors();
    assert!(matches!(refusal(&foreign), Error::NotPacked(_)));
    let error = refusal(&foreign).to_string();
    assert!(error.contains("pack the model first"), "{error}");
    assert!(matches!(refusal(&[0x50; 4096]), Error::HeaderTooLarge { .. }));
}

#[test]
fn other_versions_and_no_configuration() {
    for version in ["0", "2", "", "1 ", "01", "4294967297"] {
        let mut file = PackedFile::open(&INT8);
        file.header["__metadata__"]["minilm.format_version"] = json!(version);
        let error = refusal(&file.seal());
        assert!(matches!(&error, Error::FormatVersion { found, supported: 1 } if found == version), "{error:?}");
    }
    for key in ["minilm.format_version", "minilm.config"] {
        let mut file = PackedFile::open(&INT8);
        file.header["__metadata__"].as_object_mut().expect("metadata is an object").remove(key);
        assert!(matches!(refusal(&file.seal()), Error::NotPacked(missing) if missing == key));
    }
    for config in ["", "null", "{}", "[", "{\"name\":1}"] {
        let mut file = PackedFile::open(&INT8);
        file.header["__metadata__"]["minilm.config"] = json!(config);
        assert!(matches!(refusal(&file.seal()), Error::Json { file, .. } if file == "minilm.config"), "{config}");
    }
}

/// A file that starts some bytes behind a boundary.
struct Behind {
    buffer: AlignedBytes,
    shift: usize,
}

impl AsRef<[u8]> for Behind {
    fn as_ref(&self) -> &[u8] {
        &self.buffer[self.shift..][..INT8.len()]
    }
}

#[test]
fn bytes_that_are_not_aligned() {
    let mut buffer = AlignedBytes::zeroed(INT8.len() + 8).expect("there is memory");
    for shift in [1, 2, 3, 4] {
        buffer[shift..][..INT8.len()].copy_from_slice(&INT8);
        let behind = Behind { buffer, shift };
        // Only one embedder at a time can have the buffer, and it does not give it back.
        buffer = AlignedBytes::zeroed(INT8.len() + 8).expect("there is memory");
        match Embedder::from_bytes(behind) {
            Ok(_) => assert_eq!(shift, 4),
            Err(Error::Misaligned { required: 2 | 4 }) => assert!(shift < 4),
            Err(error) => panic!("{shift}: {error:?}"),
        }
    }
    let mut header_only = INT8.clone();
    seal(&mut header_only);
    assert_eq!(header_only, *INT8, "the files' own checksums are right");
}
