//! `pytorch_model.bin` as torch.save writes it, and as nobody should: the numbers of the former, an error for the latter.
//!
//! The files in `tests/torch` are from PyTorch, by the script beside them.

#[path = "../../../tests/common/mod.rs"]
mod common;

use std::io::{Cursor, Read, Write};

use common::random::Random;
use common::tiny::{Shape, Tiny};
use minilm::Precision;
use minilm_convert::{Error, ModelFiles, Source, Weights};
use serde_json::json;
use zip::write::SimpleFileOptions;
use zip::{ZipArchive, ZipWriter};

const REAL: &[u8] = include_bytes!("torch/tiny.bin");
const SAME: &[u8] = include_bytes!("torch/tiny.safetensors");
const LEGACY: &[u8] = include_bytes!("torch/legacy.bin");

/// The directory of the model in `tests/torch`, with these files as its weights.
fn files(weights: &[(&str, &[u8])]) -> ModelFiles {
    let tiny = Tiny::new(Shape { hidden: 8, heads: 2, layers: 1, intermediate: 16 });
    let mut files = ModelFiles::default();
    tiny.json.iter().for_each(|(path, value)| files.insert(path, value.to_string().into_bytes()));
    weights.iter().for_each(|(path, bytes)| files.insert(*path, bytes.to_vec()));
    files
}

fn pack(weights: &[(&str, &[u8])]) -> Vec<u8> {
    Source::read("tiny", &files(weights)).and_then(|source| source.pack(Precision::Int8)).expect("it is read")
}

/// What a file is refused with.
fn refused(bytes: &[u8]) -> String {
    let error = Weights::of(&files(&[("pytorch_model.bin", bytes)])).expect_err("it is refused");
    assert!(matches!(error, Error::WeightsFile { .. } | Error::Model(_)), "{error}");
    error.to_string()
}

/// The files of an archive, without its folder.
fn unzip(bytes: &[u8]) -> Vec<(String, Vec<u8>)> {
    let mut archive = ZipArchive::new(Cursor::new(bytes)).expect("it is a zip file");
    (0..archive.len())
        .map(|index| {
            let mut entry = archive.by_index(index).expect("it is there");
            let name = entry.name().expect("it is UTF-8").split_once('/').expect("it is in a folder").1.to_owned();
            let mut content = Vec::new();
            entry.read_to_end(&mut content).expect("it is stored");
            (name, content)
        })
        .collect()
}

fn zip(folder: &str, files: &[(String, Vec<u8>)]) -> Vec<u8> {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    let options = SimpleFileOptions::default().compression_method(zip::CompressionMethod::Stored);
    for (name, content) in files {
        writer.start_file(format!("{folder}/{name}"), options).expect("names differ");
        writer.write_all(content).expect("it is in memory");
    }
    writer.finish().expect("it is in memory").into_inner()
}

/// An archive of this pickle, and four numbers in `data/0`.
fn with_pickle(pickle: &[u8]) -> Vec<u8> {
    let numbers: Vec<u8> = [1.0_f32, 2.0, 3.0, 4.0].iter().flat_map(|x| x.to_le_bytes()).collect();
    zip("x", &[("data.pkl".to_owned(), pickle.to_vec()), ("data/0".to_owned(), numbers)])
}

fn text(text: &str) -> Vec<u8> {
    [b"X", &(text.len() as u32).to_le_bytes()[..], text.as_bytes()].concat()
}

fn int(number: i32) -> Vec<u8> {
    [b"J", &number.to_le_bytes()[..]].concat()
}

fn tuple(items: &[Vec<u8>]) -> Vec<u8> {
    [b"(", &items.concat()[..], b"t"].concat()
}

fn ints(numbers: &[i32]) -> Vec<u8> {
    tuple(&numbers.iter().map(|&number| int(number)).collect::<Vec<_>>())
}

/// Instructions for a tensor of a storage of `len` numbers.
fn tensor(class: &str, len: i32, offset: i32, shape: &[i32], strides: &[i32]) -> Vec<u8> {
    let global = |name: &str| format!("c{name}\n").into_bytes();
    let storage = tuple(&[text("storage"), global(&format!("torch\n{class}")), text("0"), text("cpu"), int(len)]);
    let storage = [&storage[..], b"Q"].concat();
    let arguments = tuple(&[storage, int(offset), ints(shape), ints(strides), b"\x89".to_vec(), b"N".to_vec()]);
    [&global("torch._utils\n_rebuild_tensor_v2")[..], &arguments, b"R"].concat()
}

/// A state dict of these names and instructions.
fn dict(items: &[(&str, Vec<u8>)]) -> Vec<u8> {
    let items: Vec<u8> = items.iter().flat_map(|(name, value)| [text(name), value.clone()].concat()).collect();
    [b"\x80\x02}(", &items[..], b"u."].concat()
}

const NAME: &str = "bert.embeddings.word_embeddings.weight";

fn values(pickle: &[u8]) -> Vec<f32> {
    let weights = Weights::of(&files(&[("pytorch_model.bin", &with_pickle(pickle))])).expect("it is read");
    weights.iter().next().expect("there is a tensor").2.to_vec()
}

#[test]
fn a_file_of_torch_gives_the_same_packed_file() {
    let expected = pack(&[("model.safetensors", SAME)]);
    assert!(pack(&[("pytorch_model.bin", REAL)]) == expected);
    assert!(pack(&[("0_Transformer/pytorch_model.bin", REAL)]) == expected);
    let renamed = zip("any name", &unzip(REAL));
    assert!(pack(&[("pytorch_model.bin", &renamed)]) == expected);
    // safetensors come first.
    assert!(pack(&[("pytorch_model.bin", LEGACY), ("model.safetensors", SAME)]) == expected);
}

#[test]
fn shards_give_the_same_packed_file() {
    let index =
        json!({ "weight_map": { "a": "pytorch_model-00001-of-00002.bin", "b": "pytorch_model-00002-of-00002.bin" } });
    let index = index.to_string().into_bytes();
    let empty = with_pickle(&dict(&[]));
    let shards = [
        ("pytorch_model.bin.index.json", &index[..]),
        ("pytorch_model-00001-of-00002.bin", REAL),
        ("pytorch_model-00002-of-00002.bin", &empty),
    ];
    assert!(pack(&shards) == pack(&[("model.safetensors", SAME)]));
    let error = Weights::of(&files(&shards[..2])).expect_err("a shard is missing").to_string();
    assert!(error.contains("pytorch_model-00002-of-00002.bin"), "{error}");
}

#[test]
fn strides_and_offsets_are_followed() {
    for (offset, shape, strides, expected) in [
        (0, &[2, 2][..], &[2, 1][..], &[1.0, 2.0, 3.0, 4.0][..]),
        (0, &[2, 2], &[1, 2], &[1.0, 3.0, 2.0, 4.0]),
        (1, &[2], &[2], &[2.0, 4.0]),
        (3, &[1, 1, 1], &[900, 1, 7], &[4.0]),
        (2, &[2, 3], &[1, 0], &[3.0, 3.0, 3.0, 4.0, 4.0, 4.0]),
        (1, &[], &[], &[2.0]),
        (0, &[0, 5], &[5, 1], &[]),
        (0, &[2, 1, 2], &[2, 2, 1], &[1.0, 2.0, 3.0, 4.0]),
    ] {
        assert_eq!(values(&dict(&[(NAME, tensor("FloatStorage", 4, offset, shape, strides))])), expected, "{shape:?}");
    }
    // The same bytes as numbers of 16 bits: the upper half of a float is a bfloat16.
    assert_eq!(values(&dict(&[(NAME, tensor("BFloat16Storage", 8, 1, &[4], &[2]))])), [1.0, 2.0, 3.0, 4.0]);
}

/// What `os.system("touch …")` looks like in a pickle. Nothing of it runs.
#[test]
fn a_pickle_that_calls_a_command_is_refused() {
    let marker = std::env::temp_dir().join(format!("minilm-pickle-{}", std::process::id()));
    let command = format!("touch {}", marker.display());
    for (module, name) in [("os", "system"), ("posix", "system"), ("builtins", "eval"), ("torch", "load")] {
        let call = [format!("c{module}\n{name}\n").as_bytes(), &tuple(&[text(&command)]), b"R"].concat();
        for pickle in [[b"\x80\x02", &call[..], b"."].concat(), dict(&[("pooler", call.clone())])] {
            let message = refused(&with_pickle(&pickle));
            assert!(message.starts_with("pytorch_model.bin: at byte "), "{message}");
            assert!(
                message.ends_with(&format!("`{module}.{name}` is no part of weights: it was not run")),
                "{message}"
            );
        }
    }
    // The newer instruction for a name.
    let newer = [b"\x80\x02", &text("os")[..], &text("system"), b"\x93."].concat();
    assert!(refused(&with_pickle(&newer)).contains("instruction 0x93 is no part of a state dict"));
    assert!(!marker.exists());
}

#[test]
fn hostile_pickles_are_refused() {
    let float = |len, offset, shape: &[i32], strides: &[i32]| {
        dict(&[(NAME, tensor("FloatStorage", len, offset, shape, strides))])
    };
    let repeated = |times: usize| {
        let names: Vec<String> = (0..times).map(|at| format!("embeddings.{at}")).collect();
        let items: Vec<_> =
            names.iter().map(|name| (&name[..], tensor("FloatStorage", 4, 0, &[4, 1000], &[1, 0]))).collect();
        dict(&items)
    };
    let long = |bytes: &[u8]| [&[b'\x80', 2, 0x8a, bytes.len() as u8], bytes, b"."].concat();
    for (pickle, expected) in [
        (float(4, 0, &[5], &[1]), "reaches beyond the 4 numbers"),
        (float(4, 4, &[1], &[1]), "reaches beyond the 4 numbers"),
        (float(4, 0, &[2, 2], &[i32::MAX, 1]), "reaches beyond the 4 numbers"),
        (float(4, 0, &[i32::MAX, i32::MAX, i32::MAX], &[0, 0, 0]), "reaches beyond the 4 numbers"),
        (float(4, 0, &[i32::MAX], &[0]), "more numbers than the file has bytes"),
        (repeated(4000), "more numbers than the file has bytes"),
        (float(3, 0, &[1], &[1]), "has 3 numbers in `data/0`, which has 16 bytes"),
        (float(i32::MAX, 0, &[1], &[1]), "which has 16 bytes"),
        (float(-1, 0, &[1], &[1]), "a storage is not described"),
        (float(4, -1, &[1], &[1]), "has the size -1"),
        (float(4, 0, &[-2], &[1]), "has the size -2"),
        (float(4, 0, &[2], &[-1]), "has the size -1"),
        (float(4, 0, &[2], &[1, 1]), "has 1 dimensions and 2 strides"),
        (float(4, 0, &[1; 65], &[1; 65]), "has 65 dimensions, the limit is 64"),
        (dict(&[(NAME, tensor("LongStorage", 2, 0, &[1], &[1]))]), "LongStorage, expected FloatStorage"),
        (long(&[1; 9]), "more than 64 bits"),
        (long(&[]), "no dict of tensors"),
        (b"\x80\x04.".to_vec(), "protocol 4 is not supported"),
        (b"\x80\x02.".to_vec(), "the stack is empty"),
        (b"\x80\x02(.".to_vec(), "the stack is empty"),
        (b"\x80\x02t.".to_vec(), "no mark"),
        (b"\x80\x02q\x00.".to_vec(), "the stack is empty"),
        (b"\x80\x02h\x07.".to_vec(), "nothing was remembered as 7"),
        (b"\x80\x02)NNs.".to_vec(), "no dict"),
        (b"\x80\x02}(Nu.".to_vec(), "a key has no value"),
        (b"\x80\x02X\xff\xff\xff\xffx".to_vec(), "it ends in the middle"),
        (b"\x80\x02ctorch".to_vec(), "it ends in the middle"),
        (b"\x80\x02NNR.".to_vec(), "no tuple"),
        (b"\x80\x02N)R.".to_vec(), "not one of those"),
        (vec![b'N'; (1 << 20) + 1], "has 1048577 bytes, the limit is 1048576"),
        // A tuple in a tuple in a tuple …
        ([&b"\x80\x02)"[..], &[0x85; 1 << 19], b"."].concat(), "no dict of tensors"),
        // Twice as many in each: 2^100,000 in all.
        ([&b"\x80\x02)q\0"[..], &b"h\0h\0\x86q\0".repeat(100_000), b"."].concat(), "no dict of tensors"),
        // A list and a dict that contain themselves.
        (b"\x80\x02]q\0h\0a.".to_vec(), "no dict of tensors"),
    ] {
        let message = refused(&with_pickle(&pickle));
        assert!(message.contains(expected), "{message}, expected {expected}");
    }
    let itself = [b"\x80\x02}q\0", &text(NAME)[..], b"h\0s."].concat();
    let weights = Weights::of(&files(&[("pytorch_model.bin", &with_pickle(&itself))])).expect("it has no tensor");
    assert_eq!(weights.iter().count(), 0);
}

#[test]
fn names_that_are_there_twice() {
    let one = |offset| tensor("FloatStorage", 4, offset, &[2], &[1]);
    assert_eq!(values(&dict(&[(NAME, one(1)), (NAME, one(1))])), [2.0, 3.0]);
    let two = with_pickle(&dict(&[(&format!("query.{NAME}"), one(0)), (&format!("document.{NAME}"), one(1))]));
    let error = Weights::of(&files(&[("pytorch_model.bin", &two)])).expect_err("these are two encoders").to_string();
    assert!(error.starts_with("there are two different tensors `embeddings.word_embeddings.weight`"), "{error}");
}

#[test]
fn other_archives_are_refused() {
    let legacy = refused(LEGACY);
    assert!(legacy.contains("it is no zip file, so it is not from PyTorch 1.6 or later"), "{legacy}");
    assert!(refused(b"").contains("no zip file"));
    assert!(refused(b"version https://git-lfs.github.com/spec/v1\n").contains("`git lfs pull`"));
    assert!(refused(b"GGUF\x03").contains("it is a GGUF file"));
    assert!(refused(&REAL[..REAL.len() - 30]).contains("not a valid zip file"));
    let without = |name: &str| {
        let mut files = unzip(REAL);
        files.retain(|(file, _)| file != name);
        refused(&zip("x", &files))
    };
    assert!(without("data.pkl").contains("it has 0 files `data.pkl`"));
    assert!(without("data/3").contains("it has no `data/3`"));
    let mut big = unzip(REAL);
    big.iter_mut().filter(|(name, _)| name == "byteorder").for_each(|(_, content)| *content = b"big".to_vec());
    assert!(refused(&zip("x", &big)).contains("not little-endian"));
    let mut two = unzip(REAL);
    two.push(("../y/data.pkl".to_owned(), Vec::new()));
    assert!(Weights::of(&files(&[("pytorch_model.bin", &zip("x", &two))])).is_ok(), "this one is deeper");

    // Two entries of one name: a writer that allows it is imitated.
    let data = |name: &str| (name.to_owned(), dict(&[]));
    let mut twice = zip("x", &[data("data.pkl"), data("data.pk1")]);
    let ends: Vec<usize> = (0..twice.len() - 8).filter(|&at| twice[at..].starts_with(b"data.pk1")).collect();
    ends.into_iter().for_each(|at| twice[at + 7] = b'l');
    assert!(refused(&twice).contains("the same name"), "{}", refused(&twice));
}

/// Bytes of a real file and of its pickle are changed, taken out and put in: each gives weights or an error.
#[test]
fn damaged_files_never_panic() {
    let parts = unzip(REAL);
    let mut random = Random(1);
    let (mut read, mut errors) = (0, 0);
    for round in 0..6000 {
        let mut parts = parts.clone();
        let mut whole = REAL.to_vec();
        let in_pickle = round % 2 == 0;
        let bytes = if in_pickle { &mut parts[0].1 } else { &mut whole };
        for _ in 0..=random.below(3) {
            let at = random.below(bytes.len());
            match random.below(4) {
                0 => bytes[at] = random.below(256) as u8,
                1 => bytes[at] ^= 1 << random.below(8),
                2 => drop(bytes.remove(at)),
                _ => bytes.insert(at, *random.pick(b"\x80\x02()tuRQqhbs.JKMX\x85\x86\x87")),
            }
        }
        let bytes = if in_pickle { zip("archive", &parts) } else { whole };
        match Weights::of(&files(&[("pytorch_model.bin", &bytes)])) {
            Ok(_) => read += 1,
            Err(error) => {
                assert!(!error.to_string().is_empty());
                errors += 1;
            }
        }
    }
    assert!(read > 100 && errors > 100, "{read} were read, {errors} were not");
}
