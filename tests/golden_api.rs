//! The options of `encode` against sentence-transformers, and what they refuse.

mod common;

use common::{Agreement, MODELS, golden, golden_file, packed, texts};
use minilm::{
    Embedder, Embeddings, EncodeOptions, Error, ErrorKind, OutputPrecision, QuantizedValues, Ranges, Truncation,
};
use serde_json::Value;

const DIM: usize = 384;

fn json(name: &str) -> Value {
    serde_json::from_slice(&golden_file(name)).expect("golden files are JSON")
}

/// Numbers of nested arrays, in their order.
fn numbers(value: &Value) -> Vec<f64> {
    match value {
        Value::Array(items) => items.iter().flat_map(numbers).collect(),
        value => vec![value.as_f64().expect("a number")],
    }
}

fn strings(value: &Value) -> Vec<&str> {
    value.as_array().expect("an array").iter().map(|text| text.as_str().expect("a string")).collect()
}

/// Values of any precision.
fn values(values: &QuantizedValues) -> Vec<f64> {
    match values {
        QuantizedValues::Int8(data) | QuantizedValues::Binary(data) => data.iter().map(|&x| f64::from(x)).collect(),
        QuantizedValues::Uint8(data) | QuantizedValues::Ubinary(data) => data.iter().map(|&x| f64::from(x)).collect(),
    }
}

fn golden_ranges() -> Ranges {
    let ranges: Vec<f32> = numbers(&json("quantized.json")["ranges"]).iter().map(|&x| x as f32).collect();
    Ranges { min: ranges[..DIM].to_vec(), max: ranges[DIM..].to_vec() }
}

#[test]
#[ignore = "needs packed models: run `cargo xtask test`"]
fn bytes_are_those_of_quantize_embeddings() {
    let file = packed(MODELS[0], "f32");
    let embedder = Embedder::from_bytes(file).expect("packed files are valid");
    let expected = json("quantized.json");
    for (name, precision, ranges) in [
        ("int8", OutputPrecision::Int8, None),
        ("uint8", OutputPrecision::Uint8, None),
        ("int8_ranges", OutputPrecision::Int8, Some(golden_ranges())),
        ("uint8_ranges", OutputPrecision::Uint8, Some(golden_ranges())),
    ] {
        let embeddings = embedder.encode(&texts()[..16], &EncodeOptions::default()).expect("texts are cut");
        let quantized = embeddings.quantize(precision, ranges.as_ref()).expect("the ranges are valid");
        assert_eq!(quantized.dim, DIM);
        let (found, expected) = (values(&quantized.data), numbers(&expected["quantize"][name]));
        // A value on the border of two steps may fall on either side: our floats are within 1e-6 of theirs, not equal.
        let off: Vec<f64> = found.iter().zip(&expected).map(|(a, b)| (a - b).abs()).filter(|&d| d > 0.0).collect();
        println!("{name}: {} of {} are off by one", off.len(), found.len());
        assert_eq!(found.len(), expected.len());
        assert!(off.iter().all(|&d| d <= 1.0) && off.len() * 100 < found.len(), "{name}: {off:?}");
        assert_eq!(found, bytes_by_definition(&embedder, ranges, precision), "{name}");
    }
}

/// `clip(floor((x - min) / step), 0, 255)` on our own floats: these have to agree to the last one.
fn bytes_by_definition(embedder: &Embedder, ranges: Option<Ranges>, precision: OutputPrecision) -> Vec<f64> {
    let floats = embedder.encode(&texts()[..16], &EncodeOptions::default()).expect("texts are cut");
    let floats = floats.data;
    let ranges = ranges.unwrap_or_else(|| Ranges::of(&floats, DIM));
    let offset = if precision == OutputPrecision::Int8 { 128.0 } else { 0.0 };
    let byte = |(i, &x): (usize, &f32)| {
        let (min, max) = (ranges.min[i % DIM], ranges.max[i % DIM]);
        let step = if max == min { 1.0 } else { (max - min) / 255.0 };
        f64::from(((x - min) / step).floor().clamp(0.0, 255.0)) - offset
    };
    floats.iter().enumerate().map(byte).collect()
}

#[test]
#[ignore = "needs packed models: run `cargo xtask test`"]
fn bits_are_those_of_quantize_embeddings() {
    let file = packed(MODELS[0], "f32");
    let embedder = Embedder::from_bytes(file).expect("packed files are valid");
    let floats = golden(MODELS[0], "embeddings");
    for (name, precision, offset) in
        [("binary", OutputPrecision::Binary, 128.0), ("ubinary", OutputPrecision::Ubinary, 0.0)]
    {
        let embeddings = embedder.encode(&texts()[..16], &EncodeOptions::default()).expect("texts are cut");
        let quantized = embeddings.quantize(precision, None).expect("bits need no ranges");
        assert_eq!(quantized.dim, DIM / 8);
        let expected = numbers(&json("quantized.json")["quantize"][name]);
        for ((found, expected), floats) in values(&quantized.data).iter().zip(expected).zip(floats.chunks_exact(8)) {
            let differing = (found + offset) as u8 ^ (expected + offset) as u8;
            let near_zero = floats.iter().enumerate().filter(|(_, x)| x.abs() < 1e-6);
            let uncertain = near_zero.fold(0, |bits, (i, _)| bits | 0x80 >> i);
            assert_eq!(differing & !uncertain, 0, "{name}: {floats:?}");
        }
    }
}

#[test]
#[ignore = "needs packed models: run `cargo xtask test`"]
fn truncated_dimensions() {
    let file = packed(MODELS[0], "f32");
    let embedder = Embedder::from_bytes(file).expect("packed files are valid");
    let expected = &json("quantized.json")["truncate_dim"];
    for (name, normalize_embeddings) in [("plain", false), ("normalized", true)] {
        let options = EncodeOptions { truncate_dim: Some(100), normalize_embeddings, ..EncodeOptions::default() };
        let embeddings = embedder.encode(&strings(&expected["texts"]), &options).expect("100 is in range");
        assert_eq!(embeddings.dim, 100);
        let expected: Vec<f32> = numbers(&expected[name]).iter().map(|&x| x as f32).collect();
        let agreement = Agreement::of(&embeddings.data, &expected, 100);
        assert!(agreement.max_difference <= 2e-6, "{name}: {agreement:?}");
    }
}

#[test]
#[ignore = "needs packed models: run `cargo xtask test`"]
fn tokens_of_pairs_and_of_left_truncation() {
    let file = packed(MODELS[0], "int8");
    let embedder = Embedder::from_bytes(file).expect("packed files are valid");
    let tokens = json("tokens.json");
    let ids = |row: &Value, name: &str| numbers(&row[name]).iter().map(|&x| x as u32).collect::<Vec<_>>();
    let text = |row: &Value, name: &str| row[name].as_str().expect("a string").to_owned();
    for row in tokens["pairs"]["rows"].as_array().expect("rows") {
        let (a, b) = (text(row, "a"), text(row, "b"));
        let found = embedder.tokenizer().encode_pair(&a, &b, 64, Truncation::Right).expect("pairs are cut");
        assert_eq!((found.ids, found.type_ids), (ids(row, "ids"), ids(row, "type_ids")), "{a:?}, {b:?}");
    }
    for row in tokens["singles"]["rows"].as_array().expect("rows") {
        let found = embedder.tokenizer().encode(&text(row, "text"), 16, Truncation::Left).expect("texts are cut");
        assert_eq!((found.ids, found.type_ids), (ids(row, "ids"), ids(row, "type_ids")), "{row}");
    }
}

#[test]
#[ignore = "needs packed models: run `cargo xtask test`"]
fn prompts_are_put_before_the_text() {
    let file = packed(MODELS[1], "int8");
    let embedder = Embedder::from_bytes(file).expect("packed files are valid");
    let encode = |text: &str, options: EncodeOptions| embedder.encode(&[text], &options);
    let plain = |text: &str| encode(text, EncodeOptions::default()).expect("texts are cut");
    let prompt = |text: &str| EncodeOptions { prompt: Some(text.to_owned()), ..EncodeOptions::default() };
    let named = |name: &str| EncodeOptions { prompt_name: Some(name.to_owned()), ..EncodeOptions::default() };
    assert_eq!(encode("a cat", prompt("query: ")).expect("texts are cut"), plain("query: a cat"));
    assert_eq!(encode("a cat", named("query")).expect("every model has it"), plain("a cat"));
    let both = EncodeOptions { prompt: Some("see ".to_owned()), ..named("unknown") };
    assert_eq!(encode("a cat", both).expect("the prompt goes first"), plain("see a cat"));
    let error = encode("a cat", named("unknown")).expect_err("there is no such prompt").to_string();
    assert!(["prompt_name", "`unknown`", "document", "query"].iter().all(|part| error.contains(part)), "{error}");
}

#[test]
#[ignore = "needs packed models: run `cargo xtask test`"]
fn texts_that_are_too_long() {
    let file = packed(MODELS[1], "int8");
    let embedder = Embedder::from_bytes(file).expect("packed files are valid");
    let long = "word ".repeat(300);
    let texts = ["short", long.as_str()];
    let with = |truncation| EncodeOptions { truncation, ..EncodeOptions::default() };
    let found = embedder.encode(&texts, &with(Truncation::Off)).expect_err("300 words are over the limit");
    assert!(matches!(found, Error::TooManyTokens { index: 1, n_tokens: 302, limit: 128 }), "{found:?}");
    for truncation in [Truncation::Right, Truncation::Left] {
        let found = embedder.encode(&texts, &with(truncation)).expect("texts are cut");
        assert_eq!((found.n_tokens, found.truncated), (vec![3, 128], vec![false, true]));
    }
    let exact = EncodeOptions { max_seq_length: Some(302), ..with(Truncation::Off) };
    assert_eq!(embedder.encode(&texts, &exact).expect("302 are allowed").n_tokens, [3, 302]);
}

#[test]
#[ignore = "needs packed models: run `cargo xtask test`"]
fn options_out_of_range_are_refused_by_name() {
    let file = packed(MODELS[1], "int8");
    let embedder = Embedder::from_bytes(file).expect("packed files are valid");
    let refused = |options: EncodeOptions, texts: &[&str], name: &str| {
        let error = embedder.encode(texts, &options).expect_err("the option is out of range");
        assert!(matches!(error, Error::Option { option, .. } if option == name), "{name}: {error:?}");
    };
    for dim in [0, DIM + 1, usize::MAX] {
        refused(EncodeOptions { truncate_dim: Some(dim), ..EncodeOptions::default() }, &["a"], "truncate_dim");
    }
    for length in [0, 1, 513, usize::MAX] {
        refused(EncodeOptions { max_seq_length: Some(length), ..EncodeOptions::default() }, &["a"], "max_seq_length");
    }
}

#[test]
#[ignore = "needs packed models: run `cargo xtask test`"]
fn ranges_that_do_not_fit_are_refused_by_name() {
    let file = packed(MODELS[1], "int8");
    let embedder = Embedder::from_bytes(file).expect("packed files are valid");
    let encode = |texts: &[&str], truncate_dim: Option<usize>| {
        let options = EncodeOptions { truncate_dim, ..EncodeOptions::default() };
        embedder.encode(texts, &options).expect("the options are in range")
    };
    let ranges = |min: f32, max: f32, dim: usize| Ranges { min: vec![min; dim], max: vec![max; dim] };
    let int8 = |embeddings: &Embeddings, ranges: Option<&Ranges>| embeddings.quantize(OutputPrecision::Int8, ranges);
    let (one, two) = (encode(&["one text"], None), encode(&["a", "b"], None));
    for (embeddings, ranges) in [
        (&one, None),
        (&two, Some(ranges(-1.0, 1.0, DIM - 1))),
        (&encode(&["a", "b"], Some(9)), Some(ranges(-1.0, 1.0, DIM))),
        (&two, Some(ranges(f32::NAN, 1.0, DIM))),
        (&two, Some(ranges(-1.0, f32::INFINITY, DIM))),
    ] {
        let error = int8(embeddings, ranges.as_ref()).expect_err("the ranges do not fit");
        assert!(matches!(error, Error::Option { option: "ranges", .. }), "{error:?}");
        assert_eq!(error.kind(), ErrorKind::Option);
    }
    assert_eq!(int8(&one, Some(&ranges(-1.0, 1.0, DIM))).expect("it has ranges").dim, DIM);
    assert_eq!(int8(&encode(&[], None), None).expect("no text needs no ranges").dim, DIM);
}
