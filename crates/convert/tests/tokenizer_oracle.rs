//! Our tokenizer against the `tokenizers` crate on all-MiniLM-L6-v2's tokenizer.json: the same ids, type ids and offsets.

#[path = "../../../tests/common/mod.rs"]
mod common;
mod oracle;

use std::thread;

use common::random::Random;
use common::{MODELS, model_file, texts};
use oracle::Oracle;
use serde_json::{Value, json};

fn tokenizer() -> Value {
    serde_json::from_slice(&model_file(MODELS[0], "tokenizer.json")).expect("tokenizer.json is JSON")
}

/// The model's tokenizer, and others that differ from it in the normalizer alone.
fn variants() -> Vec<Oracle> {
    let with = |fields: Value| {
        let mut tokenizer = tokenizer();
        for (name, value) in fields.as_object().expect("fields are an object") {
            tokenizer["normalizer"][name] = value.clone();
        }
        tokenizer
    };
    vec![
        Oracle::new(&tokenizer()),
        Oracle::new(&with(json!({"lowercase": false}))),
        Oracle::new(&with(json!({"lowercase": false, "strip_accents": true}))),
        Oracle::new(&with(json!({"strip_accents": false}))),
        Oracle::new(&with(json!({"handle_chinese_chars": false}))),
        Oracle::new(&with(json!({"clean_text": false}))),
        Oracle::lowercase_first(&with(json!({"lowercase": false, "strip_accents": true}))),
        Oracle::lowercase_first(&with(json!({"lowercase": false, "clean_text": false}))),
    ]
}

/// Runs `work` on a share of `items` in every thread.
fn in_parallel<T: Sync>(items: &[T], work: impl Fn(&T) + Sync) {
    let threads = thread::available_parallelism().map_or(1, usize::from);
    thread::scope(|scope| {
        for items in items.chunks(items.len().div_ceil(threads).max(1)) {
            scope.spawn(|| items.iter().for_each(&work));
        }
    });
}

/// Each character as a word of its own and inside one, many to a line: `tokenizers` takes long over a short text.
fn lines(characters: impl Iterator<Item = char>) -> Vec<String> {
    let characters: Vec<char> = characters.collect();
    let words = |&c: &char| [c, ' ', 'X', c, 'é', ' '];
    characters.chunks(64).map(|characters| characters.iter().flat_map(words).collect()).collect()
}

#[test]
#[ignore = "needs packed models: run `cargo xtask test`"]
fn every_character() {
    let oracle = Oracle::new(&tokenizer());
    in_parallel(&lines('\0'..=char::MAX), |line| oracle.check(line));
}

#[test]
#[ignore = "needs packed models: run `cargo xtask test`"]
fn characters_that_are_the_whole_text() {
    let oracle = Oracle::new(&tokenizer());
    let characters: Vec<char> = ('\0'..='\u{33ff}').chain('\u{f900}'..='\u{1dfff}').collect();
    in_parallel(&characters, |c| oracle.check(&c.to_string()));
}

#[test]
#[ignore = "needs packed models: run `cargo xtask test`"]
fn characters_under_every_normalizer() {
    // Beyond are ideographs, tags, variation selectors and nothing else.
    let lines = lines(('\0'..='\u{1ffff}').chain('\u{2f800}'..='\u{2fa1f}').chain('\u{e0000}'..='\u{e01ef}'));
    for oracle in variants() {
        in_parallel(&lines, |line| oracle.check(line));
    }
}

#[test]
#[ignore = "needs packed models: run `cargo xtask test`"]
fn awkward_texts() {
    let mut awkward = texts();
    awkward.extend(AWKWARD.map(str::to_owned));
    for letter in ["x", "é", "中", "\u{301}", "a\u{301}", "\u{1f600}", "🇧", "ß", "İ"] {
        awkward.extend((98..=103).map(|n| letter.repeat(n)));
        awkward.extend((98..=103).map(|n| format!("before {}, after", letter.repeat(n))));
    }
    for oracle in variants() {
        in_parallel(&awkward, |text| oracle.check(text));
    }
}

const AWKWARD: [&str; 28] = [
    "[SEP]",
    "[MASK]x",
    "x[MASK]",
    "[[CLS]]",
    "[CLS][SEP][PAD][UNK][MASK]",
    "[cls] [Sep] [MASK ] [ MASK]",
    "[[[MASK]]] [MAS[MASK]K]",
    "a\u{301}[SEP]\u{301}b",
    "[SEP]\u{301}\u{323}",
    "##ing ## # ##[SEP]##",
    "a\u{323}\u{307} a\u{307}\u{323} \u{1e0b}\u{323} d\u{307}\u{323}",
    "\u{301}\u{302} \u{301} x\u{5b0}\u{5bc}\u{301}\u{5c1}",
    "\u{1d165}\u{1d16e}\u{1d15e} \u{1d16d}\u{1d165}",
    "क्\u{93c}\u{94d}\u{93f} \u{f71}\u{f72}\u{f74} \u{f73}\u{f75}\u{f81}",
    "\u{1100}\u{1161}\u{11a8} \u{ac00}\u{11a8} \u{ac01} \u{1100}a\u{1161}",
    "\u{302e}\u{302f}\u{16ff0} \u{16ff1}\u{302e}",
    "שָׁלוֹם \u{202b}עולם\u{202c} مَرْحَبًا",
    "👨\u{200d}👩\u{200d}👧\u{200d}👦 👍🏿 🏴\u{e0067}\u{e0062}\u{e007f}",
    "\u{e000}\u{f8ff}\u{100000} x\u{e000}y",
    "\0\u{1}\u{7f}\u{85}\u{ad}\u{600}\u{feff}\u{fffd}",
    "tab\tnl\ncr\rvt\u{b}ff\u{c}nel\u{85}nbsp\u{a0}em\u{2003}ls\u{2028}ps\u{2029}id\u{3000}",
    "ΑΣ ΣΑΣ ς İIıi ẞß ŉ ǅ ﬁ ﬃ",
    "中文a中b文 \u{3400}\u{4dbf}\u{9fff}\u{a000}\u{2b81f}\u{2b820}\u{2b91f}\u{2b920}\u{f900}\u{2fa1f}",
    "a.b,c!d?e…f。g「h」i—j_k$l+m<n=o>p^q`r|s~t",
    "ÅÅ \u{212b}\u{2126}\u{212a}",
    "\u{344}\u{374}\u{37e}\u{387}\u{1fef}\u{2000}\u{2329}",
    "don't can't rock'n'roll o’clock",
    "   leading and trailing   ",
];

#[test]
#[ignore = "needs packed models: run `cargo xtask test`"]
fn random_strings() {
    let count = std::env::var("MINILM_ORACLE_STRINGS").map_or(20_000, |count| count.parse().expect("a number"));
    let variants = variants();
    let vocabulary = variants[0].vocabulary();
    let seeds: Vec<u64> = (0..count).collect();
    in_parallel(&seeds, |&seed| {
        let mut random = Random(seed);
        let text = random_text(&mut random, &vocabulary);
        // Every other string goes to the model's own tokenizer.
        let variant = if seed % 2 == 0 { 0 } else { random.below(variants.len()) };
        variants[variant].check(&text);
    });
}

/// Characters that marks are put on.
const STARTERS: [char; 5] = ['a', 'E', 'क', '가', 'か'];
/// What ends a word, and an `x`.
const BREAKS: [&str; 12] = [" ", "\t", "\u{3000}", ".", "[", "]", "[SEP]", "-", "。", "¿", "\u{85}", "x"];

/// A string of up to 40 parts, from one kind of part or from all.
fn random_text(random: &mut Random, vocabulary: &[String]) -> String {
    let kind = random.below(7);
    let parts = random.below(40);
    let mut text = String::new();
    for _ in 0..parts {
        let kind = if kind == 6 { random.below(6) } else { kind };
        match kind {
            0 => text.push(random.below(128) as u8 as char),
            1 => text.push_str(random.pick(vocabulary).trim_start_matches("##")),
            2 => text.push(any_char(random, 0x11_0000)),
            3 => text.push(*random.pick(&STARTERS)),
            4 => text.push_str(random.pick::<&str>(&BREAKS)),
            _ => text.push(any_char(random, 0x3100)),
        }
        if kind == 3 {
            (0..random.below(5)).for_each(|_| text.push(mark(random)));
        }
    }
    text
}

fn any_char(random: &mut Random, below: usize) -> char {
    char::from_u32(random.below(below) as u32).unwrap_or('\u{fffd}')
}

/// A combining mark of one of many classes, spacing or not.
fn mark(random: &mut Random) -> char {
    let ranges = [
        ('\u{300}', '\u{36f}'),
        ('\u{591}', '\u{5c7}'),
        ('\u{64b}', '\u{65f}'),
        ('\u{93a}', '\u{94f}'),
        ('\u{f71}', '\u{f84}'),
        ('\u{302a}', '\u{302f}'),
        ('\u{3099}', '\u{309a}'),
        ('\u{1161}', '\u{11ff}'),
        ('\u{1d165}', '\u{1d172}'),
        ('\u{16ff0}', '\u{16ff1}'),
    ];
    let &(first, last) = random.pick(&ranges);
    any_char_in(random, first, last)
}

fn any_char_in(random: &mut Random, first: char, last: char) -> char {
    let (first, last) = (first as usize, last as usize);
    char::from_u32((first + random.below(last - first + 1)) as u32).unwrap_or('\u{301}')
}

#[test]
#[ignore = "needs packed models: run `cargo xtask test`"]
fn truncation_at_every_length() {
    let texts = texts();
    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
    let mut oracle = Oracle::new(&tokenizer());
    oracle.check_truncated(&texts, 2..50);
    oracle.check_truncated(&texts, 254..259);
}

#[test]
#[ignore = "needs packed models: run `cargo xtask test`"]
fn pairs_at_every_length() {
    let texts: Vec<String> =
        (0..12).map(|n| "one word [SEP] ".repeat(n)).chain(["Unbelievable naïveté".to_owned()]).collect();
    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
    let mut oracle = Oracle::new(&tokenizer());
    oracle.check_pairs(&texts, 3..70);
    oracle.check_pairs(&texts, 512..513);
}
