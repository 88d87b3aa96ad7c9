//! Checking a file takes less than 1 MiB beside it, whatever its header holds.

mod common;

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use common::packed_file::{seal, with_header};
use minilm::Embedder;
use serde_json::{Value, json};

/// The system's allocator, which counts.
struct Counting;

static USED: AtomicUsize = AtomicUsize::new(0);
static PEAK: AtomicUsize = AtomicUsize::new(0);

fn grow(bytes: usize) {
    PEAK.fetch_max(USED.fetch_add(bytes, Relaxed) + bytes, Relaxed);
}

// SAFETY: every call goes to the system's allocator as it came.
#[allow(unsafe_code)]
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        grow(layout.size());
        // SAFETY: the caller keeps the contract of `alloc`.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        USED.fetch_sub(layout.size(), Relaxed);
        // SAFETY: the caller keeps the contract of `dealloc`.
        unsafe { System.dealloc(block, layout) }
    }

    unsafe fn realloc(&self, block: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        // While the block moves, both are there.
        grow(size);
        USED.fetch_sub(layout.size(), Relaxed);
        // SAFETY: the caller keeps the contract of `realloc`.
        unsafe { System.realloc(block, layout, size) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// Most bytes that checking `file` had allocated at one time.
fn peak(file: Vec<u8>) -> usize {
    let before = USED.load(Relaxed);
    PEAK.store(before, Relaxed);
    let outcome = Embedder::from_bytes(file).map(|_| ());
    let peak = PEAK.load(Relaxed) - before;
    assert!(outcome.is_err(), "the headers are hostile");
    peak
}

/// Longest header that is read.
const LIMIT: usize = 96 << 10;

/// `repeat` as often as it fits between `start` and `end`, with a number in the place of `#`.
fn filled(start: &str, repeat: &str, separator: &str, end: &str) -> String {
    let mut header = start.to_owned();
    for number in 0.. {
        let item = repeat.replace('#', &short_name(number));
        if header.len() + item.len() + separator.len() + end.len() > LIMIT - 128 {
            break;
        }
        if number > 0 {
            header.push_str(separator);
        }
        header.push_str(&item);
    }
    header + end
}

/// Different for every number, and short.
fn short_name(mut number: usize) -> String {
    let mut name = String::new();
    loop {
        name.push((b'A' + (number % 57) as u8).replace_backslash());
        number /= 57;
        if number == 0 {
            return name;
        }
    }
}

trait ReplaceBackslash {
    fn replace_backslash(self) -> char;
}

impl ReplaceBackslash for u8 {
    fn replace_backslash(self) -> char {
        if self == b'\\' { '0' } else { self as char }
    }
}

/// A header with this configuration and otherwise nothing but the checksum.
fn configured(config: &str) -> String {
    json!({
        "__metadata__": {"minilm.format_version": "1", "minilm.config": config},
        "checksum": {"dtype": "U64", "shape": [1], "data_offsets": [0, 8]},
    })
    .to_string()
}

/// A valid configuration, of which one field is `value`.
fn config(field: &str, value: Value) -> String {
    let mut config = json!({
        "name": "hostile", "model_sha256": "0".repeat(64), "weights_sha256": "0".repeat(64), "precision": "int8",
        "encoder": {"vocab_size": 9, "hidden_size": 4, "num_hidden_layers": 1024, "num_attention_heads": 1,
            "intermediate_size": 4, "max_position_embeddings": 9, "type_vocab_size": 2, "layer_norm_eps": 1e-12},
        "tokenizer": {"lowercase_first": false, "clean_text": true, "handle_chinese_chars": true, "strip_accents": true,
            "lowercase": true, "max_input_chars_per_word": 100, "unk_id": 1, "cls_id": 2, "sep_id": 3, "added_tokens": []},
        "pooling": "mean", "normalize": true, "max_seq_length": 9, "prompts": {}, "default_prompt_name": null,
        "similarity": "cosine",
    });
    match field {
        "added_tokens" => config["tokenizer"][field] = value,
        field => config[field] = value,
    }
    config.to_string()
}

fn headers() -> Vec<(&'static str, String)> {
    let prompts = |count: usize| {
        let prompts = (0..count).map(|number| (short_name(number), json!("")));
        configured(&config("prompts", Value::Object(prompts.collect())))
    };
    let added =
        |count: usize| configured(&config("added_tokens", vec![json!({"id": 1, "content": "a"}); count].into()));
    let largest = |build: &dyn Fn(usize) -> String| {
        let fits = (0..).step_by(100).take_while(|&count| build(count).len() <= LIMIT - 128).last();
        build(fits.expect("none is the least"))
    };
    let tensor = r#"{"dtype":"U8","shape":[0],"data_offsets":[0,0]}"#;
    vec![
        ("blanks", filled("{", " ", "", "}")),
        ("one name", filled("{\"", "a", "", "\":0}")),
        ("escaped name", filled("{\"", "\\n", "", "\":0}")),
        ("a long shape", filled("{\"a\":{\"dtype\":\"U8\",\"shape\":[", "0", ",", "],\"data_offsets\":[0,0]}}")),
        ("a long shape first", filled("{\"a\":{\"shape\":[", "0", ",", "],\"dtype\":\"U8\",\"data_offsets\":[0,0]}}")),
        (
            "a long shape of the checksum",
            filled("{\"checksum\":{\"dtype\":\"U8\",\"shape\":[", "0", ",", "],\"data_offsets\":[0,0]}}"),
        ),
        ("long offsets", filled("{\"a\":{\"dtype\":\"U8\",\"shape\":[],\"data_offsets\":[", "0", ",", "]}}")),
        ("nested arrays", filled("{\"a\":[", &("[".repeat(120) + &"]".repeat(120)), ",", "]}")),
        ("nested objects", filled("{\"a\":[", &("{\"\":".repeat(120) + "0" + &"}".repeat(120)), ",", "]}")),
        ("arrays", filled("{\"a\":[", "[0]", ",", "]}")),
        ("numbers", filled("{", "\"#\":0", ",", "}")),
        ("strings", filled("{\"a\":[", "\"\"", ",", "]}")),
        ("an unknown field", filled("{\"a\":{\"b\":[", "0", ",", "]}}")),
        ("tensors", filled("{", &format!("\"#\":{tensor}"), ",", "}")),
        ("one tensor again and again", filled("{", &format!("\"a\":{tensor}"), ",", "}")),
        ("tensors without a shape", filled("{", "\"#\":{}", ",", "}")),
        ("metadata", filled("{\"__metadata__\":{", "\"#\":\"\"", ",", "}}")),
        ("a config of blanks", configured(&" ".repeat(LIMIT - 512))),
        ("a config of brackets", configured(&"[".repeat(LIMIT - 512))),
        ("a config of numbers", configured(&format!("{{\"name\":[{}", "0,".repeat(LIMIT / 2 - 512)))),
        ("prompts", largest(&prompts)),
        ("added tokens", largest(&added)),
    ]
}

#[test]
fn checking_takes_less_than_a_mebibyte() {
    let headers = headers();
    let mut worst = Vec::new();
    for (name, header) in &headers {
        let mut file = with_header(header.as_bytes(), &[0; 8]);
        seal(&mut file);
        assert!(file.len() <= LIMIT + 16, "{name}: the header must be one that is read");
        worst.push((peak(file), name));
    }
    worst.sort_unstable();
    worst.reverse();
    println!("most memory: {:?}", &worst[..6]);
    assert!(worst[0].0 < 1 << 20, "{worst:?}");
}
