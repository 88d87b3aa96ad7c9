//! Files as they are written, and every way in which one can be damaged.

use minilm::index::Query;

use super::*;
use crate::Document;

const DIM: usize = 5;

fn model() -> ModelIdentity {
    ModelIdentity {
        name: "m".to_owned(),
        model_sha256: Some("ab".repeat(32)),
        weights_sha256: "01".repeat(32),
        precision: "int8".to_owned(),
        dim: DIM,
    }
}

/// Some vector that depends on the text alone.
fn vector(text: &str) -> Vec<f32> {
    let seed = text.bytes().fold(7_u32, |hash, byte| hash.wrapping_mul(31).wrapping_add(byte.into()));
    (1..=DIM as u32)
        .map(|i| ((seed.wrapping_mul(i.wrapping_mul(2_654_435_761)) >> 8) as f32 / (1 << 23) as f32) - 1.0)
        .collect()
}

fn embed(texts: &[&str]) -> Result<Vec<f32>, String> {
    Ok(texts.iter().flat_map(|text| vector(text)).collect())
}

fn documents(n: usize) -> Vec<Document> {
    let document = |i: usize| {
        let title = if i.is_multiple_of(3) { format!(r#","title":"t{i}""#) } else { String::new() };
        let question = if i % 7 == 6 { "7".to_owned() } else { format!("\"q{i}\"") };
        let text =
            format!(r#"{{"id":"d{i}","question":{question},"answers":[{i}],"even":{}{title}}}"#, i.is_multiple_of(2));
        Document::from_json(&text).expect("a document")
    };
    (0..n).map(document).collect()
}

fn fields() -> Vec<String> {
    ["question", "title"].map(str::to_owned).to_vec()
}

fn file(n: usize) -> Vec<u8> {
    let mut file = Vec::new();
    write_index(&mut file, &model(), &fields(), &documents(n), embed).expect("all is well");
    file
}

fn ids<R: ReadAt>(index: &IndexFile<R>, hits: &[minilm::index::Hit]) -> Vec<String> {
    hits.iter().map(|hit| index.document(hit.index).expect("a document").id).collect()
}

/// Asks for everything there is.
fn use_all(file: &[u8]) -> Result<(), FileError> {
    let index = IndexFile::open(file)?;
    index.documents(0..usize::MAX)?;
    for field in index.info().fields.clone() {
        let query = Query::new(&vec![1.0; index.info().model.dim])?;
        index.search(&field.name, &query, 3, None)?;
        let kept = index.rows_where(&field.name, |_| true)?;
        index.search_rows(&field.name, &[query], 3, None, &kept)?;
    }
    index.position("d3")?;
    index.position("none")?;
    index.verify()
}

#[test]
fn what_is_written_is_read() {
    for n in [0, 1, 2, 300] {
        let (file, documents) = (file(n), documents(n));
        let index = IndexFile::open(&file[..]).expect("a file");
        index.verify().expect("nothing is damaged");
        assert_eq!((index.len(), index.is_empty(), index.file_len()), (n, n == 0, file.len() as u64));
        assert_eq!(index.documents(0..n + 9).expect("documents"), documents);
        for (i, document) in documents.iter().enumerate() {
            assert_eq!(index.position(&document.id).expect("readable"), Some(i));
        }
        assert_eq!(index.position("d").expect("readable"), None);
        assert!(index.document(n).is_err());
        let rows = ["question", "title"].map(|field| index.rows(field).expect("a field"));
        assert_eq!(rows, [(0..n).filter(|i| i % 7 != 6).count(), n.div_ceil(3)]);
    }
}

#[test]
fn searches_find_what_an_exhaustive_one_finds() {
    let (file, documents) = (file(300), documents(300));
    let index = IndexFile::open(&file[..]).expect("a file");
    for (field, text) in [("question", "q17"), ("question", "other"), ("title", "t3")] {
        let query = Query::new(&vector(text)).expect("not 0");
        let exhaustive = |keep: &dyn Fn(&Document) -> bool| {
            let kept = documents.iter().enumerate().filter(|(_, document)| keep(document));
            let hit = |(index, document): (usize, &Document)| {
                Some(minilm::index::Hit { index, score: query.score(&vector(&document.text(field)?)) })
            };
            minilm::index::best(kept.filter_map(hit).collect(), 10, Some(0.2))
        };
        assert_eq!(index.search(field, &query, 10, Some(0.2)).expect("a field"), exhaustive(&|_| true));
        let even = |document: &Document| document.fields["even"].get() == "true";
        let kept = index.rows_where(field, even).expect("a field");
        let found = index.search_rows(field, &[query.clone(), query.clone()], 10, Some(0.2), &kept).expect("a field");
        assert_eq!(found, [exhaustive(&even), exhaustive(&even)]);
        let all = index.search_all(field, &[query.clone(), query.clone()], 10, Some(0.2)).expect("a field");
        assert_eq!(all, [exhaustive(&|_| true), exhaustive(&|_| true)]);
    }
    let hits = index.search("question", &Query::new(&vector("q17")).expect("not 0"), 1, None).expect("a field");
    assert_eq!(ids(&index, &hits), ["d17"]);
    let query = Query::new(&[1.0; DIM]).expect("not 0");
    let error = index.search("answers", &query, 1, None).expect_err("no such field").to_string();
    assert_eq!(error, "field `answers` cannot be searched: the index file has vectors of `question`, `title`");
    let error = index.search("title", &Query::new(&[1.0; 4]).expect("not 0"), 1, None).expect_err("another width");
    assert_eq!(error.to_string(), "the query has 4 dimensions, the vectors of the index file have 5");
}

#[test]
fn another_model_is_named() {
    let file = file(1);
    let index = IndexFile::open(&file[..]).expect("a file");
    index.check_model(&model()).expect("the same");
    index.check_model(&ModelIdentity { name: "n".to_owned(), ..model() }).expect("the same under another name");
    for other in [
        // The same weights with other settings, or another tokenizer.
        ModelIdentity { model_sha256: Some("cd".repeat(32)), ..model() },
        ModelIdentity { precision: "f32".to_owned(), ..model() },
        ModelIdentity { dim: 4, ..model() },
    ] {
        let error = index.check_model(&other).expect_err("another").to_string();
        let hash = other.model_sha256.as_deref().map(|hash| &hash[..12]).expect("it has one");
        let expected = format!(
            "the index file was made with model m (int8, 5 dimensions, model_sha256 abababababab…), this is m ({}, {} dimensions, \
             model_sha256 {hash}…): build it anew",
            other.precision, other.dim
        );
        assert_eq!(error, expected);
    }
}

/// Written before there was an identity of the model: by the weights alone.
const VERSION_1: &[u8] = include_bytes!("../../tests/version-1.minilm-index");

#[test]
fn a_file_of_version_1_is_read_and_belongs_to_its_weights() {
    use_all(VERSION_1).expect("all of it is read");
    let index = IndexFile::open(VERSION_1).expect("a file");
    assert_eq!((index.info().version(), index.info().model.model_sha256.as_ref(), index.len()), (1, None, 3));
    assert_eq!(index.document(1).expect("a document").text("title").as_deref(), Some("Orders"));
    let query = Query::new(&[27.0 / 32.0, 3.0 / 32.0, 7.0 / 32.0]).expect("not 0");
    assert_eq!(ids(&index, &index.search("question", &query, 1, None).expect("a field")), ["1"]);

    let same = ModelIdentity { weights_sha256: "ab".repeat(32), dim: 3, ..model() };
    index.check_model(&same).expect("the weights are the same");
    let error = index.check_model(&ModelIdentity { weights_sha256: "cd".repeat(32), ..same }).expect_err("another");
    assert_eq!(
        error.to_string(),
        "the index file was made with model m (int8, 3 dimensions, weights_sha256 abababababab…), this is m (int8, 3 dimensions, \
         weights_sha256 cdcdcdcdcdcd…): build it anew"
    );
}

/// What is written without an identity is version 1, to the byte.
#[test]
fn version_1_is_still_what_it_was() {
    let index = IndexFile::open(VERSION_1).expect("a file");
    let documents = index.documents(0..3).expect("documents");
    let embed = |texts: &[&str]| {
        let length = texts.iter().map(|text| text.len() as f32);
        Ok::<_, String>(length.flat_map(|length| [length, 30.0 - length, 7.0].map(|x| x / 32.0)).collect())
    };
    let mut file = Vec::new();
    write_index(&mut file, &index.info().model, &fields(), &documents, embed).expect("all is well");
    assert!(file == VERSION_1);
}

#[test]
fn any_reader_of_safetensors_opens_it() {
    let file = file(20);
    let tensors = safetensors::SafeTensors::deserialize(&file).expect("safetensors");
    let vectors = tensors.tensor("fields.title.vectors").expect("a tensor");
    assert_eq!((vectors.dtype(), vectors.shape()), (safetensors::Dtype::F32, &[7, DIM][..]));
    let bytes: Vec<u8> = vector("t3").iter().flat_map(|x| x.to_le_bytes()).collect();
    assert_eq!(vectors.data()[4 * DIM..8 * DIM], bytes);
    for (name, tensor) in tensors.tensors() {
        let at = tensor.data().as_ptr() as usize - file.as_ptr() as usize;
        assert!(name.starts_with("padding") || at.is_multiple_of(64), "{name} at {at}");
    }
}

#[test]
fn what_cannot_be_written_is_named() {
    let write = |fields: &[&str], documents: &[Document], embed: fn(&[&str]) -> Result<Vec<f32>, String>| {
        let fields: Vec<String> = fields.iter().map(|&field| field.to_owned()).collect();
        write_index(Vec::new(), &model(), &fields, documents, embed).expect_err("a fault").to_string()
    };
    let two = [documents(1), documents(1)].concat();
    assert_eq!(write(&["question"], &two, embed), "two documents have the id `d0`");
    assert_eq!(write(&["a", "a"], &[], embed), "field `a` is named twice");
    assert_eq!(write(&["question"], &documents(2), |_| Ok(vec![1.0; 9])), "2 texts have 9 values, not 2 vectors of 5");
    assert_eq!(write(&["question"], &documents(2), |_| Err("no".to_owned())), "no");
    let zeros = |texts: &[&str]| Ok(vec![0.0; DIM * texts.len()]);
    assert!(write(&["question"], &documents(2), zeros).starts_with("document `d0`, field `question`: the vector"));
    let many: Vec<String> = (0..1000).map(|i| format!("field number {i}")).collect();
    let error = write_index(Vec::new(), &model(), &many, &[], embed).expect_err("a long header");
    assert!(matches!(error, BuildError::TooLarge));
}

#[test]
fn every_shorter_or_longer_file_is_refused() {
    let mut file = file(20);
    for len in 0..file.len() {
        assert!(IndexFile::open(&file[..len]).is_err(), "{len} bytes");
    }
    file.push(0);
    assert!(matches!(IndexFile::open(&file[..]), Err(FileError::Length { .. })));
}

#[test]
fn every_flipped_bit_is_noticed() {
    let mut file = file(7);
    use_all(&file).expect("nothing is damaged yet");
    for at in 0..file.len() {
        for bit in 0..8 {
            file[at] ^= 1 << bit;
            assert!(use_all(&file).is_err(), "bit {bit} of byte {at}");
            file[at] ^= 1 << bit;
        }
    }
}

#[test]
fn numbers_of_any_kind_are_no_panic() {
    let good = file(7);
    let start = 8 + u64::from_le_bytes(good[..8].try_into().expect("8 bytes")) as usize;
    for word in (start..good.len()).step_by(4) {
        for value in [0, 1, 0x7fff_ffff, 0x8000_0000, 0x7fc0_0000, 0x7f80_0000, u32::MAX] {
            let mut file = good.clone();
            file[word..word + 4].copy_from_slice(&value.to_le_bytes());
            let _ = use_all(&file);
        }
    }
}

#[test]
fn headers_that_lie_are_refused() {
    let good = file(20);
    let len = u64::from_le_bytes(good[..8].try_into().expect("8 bytes")) as usize;
    let text = String::from_utf8(good[8..8 + len].to_vec()).expect("UTF-8");
    let with = |from: &str, to: &str| {
        assert!(text.contains(from), "{from}");
        let header = text.replace(from, to);
        [&(header.len() as u64).to_le_bytes()[..], header.as_bytes(), &good[8 + len..]].concat()
    };
    for (from, to) in [
        ("\\\"documents\\\":20", "\\\"documents\\\":21"),
        ("\\\"documents\\\":20", "\\\"documents\\\":18446744073709551615"),
        ("\\\"documents\\\":20", "\\\"documents\\\":4294967296"),
        ("\\\"rows\\\":7", "\\\"rows\\\":4294967295"),
        ("\\\"rows\\\":7", "\\\"rows\\\":-1"),
        ("\\\"dim\\\":5", "\\\"dim\\\":0"),
        ("\\\"dim\\\":5", "\\\"dim\\\":18446744073709551615"),
        ("\"shape\":[20]", "\"shape\":[20,1]"),
        ("\"data_offsets\":[0,", "\"data_offsets\":[18446744073709551615,"),
        ("minilm-index.version\":\"2\"", "minilm-index.version\":\"3\""),
        // A version that says more about the model, or less.
        ("minilm-index.version\":\"2\"", "minilm-index.version\":\"1\""),
        ("\\\"model_sha256\\\":", "\\\"other\\\":"),
        ("\"format\":\"minilm-index\"", "\"format\":\"pt\""),
        ("documents.json", "documents.other"),
    ] {
        assert!(IndexFile::open(&with(from, to)[..]).is_err(), "{from} {to}");
    }
    for prefix in [0, 1, 1 << 17, (1 << 17) + 1, u64::MAX] {
        let mut file = good.clone();
        file[..8].copy_from_slice(&prefix.to_le_bytes());
        assert!(IndexFile::open(&file[..]).is_err(), "{prefix}");
    }
    let error = IndexFile::open(&b"{\"question\": \"not an index\"}"[..]).expect_err("JSON").to_string();
    assert!(error.starts_with("this is no index file"), "{error}");
}
