//! Filters with what they find, and random ones: every store is held against the same.

use serde_json::{Map, Value, json};

use super::random::Random;

/// Documents by id, with their metadata.
pub fn documents() -> Vec<(&'static str, Value)> {
    vec![
        ("none", json!({})),
        ("one", json!({ "n": 1, "s": "a", "tags": ["sales", "eu"], "ok": true })),
        ("one.0", json!({ "n": 1.0, "s": "b", "tags": "sales", "ok": false })),
        ("half", json!({ "n": 0.5, "s": "B", "tags": [], "ok": null })),
        ("minus", json!({ "n": -2, "s": "", "tags": ["eu", ["sales"]], "ok": 1 })),
        ("text", json!({ "n": "1", "s": "true", "tags": { "sales": 1 }, "ok": "true" })),
        ("many", json!({ "n": [3, "x", null, 10], "s": ["a", "é"], "ok": [true] })),
        // As floats the first two would be the same, and the last three.
        ("big", json!({ "n": 9_007_199_254_740_992_i64 })),
        ("big+1", json!({ "n": 9_007_199_254_740_993_i64 })),
        ("max", json!({ "n": i64::MAX })),
        ("2^63", json!({ "n": 9_223_372_036_854_775_808_u64 })),
        ("2^63 f", json!({ "n": 9_223_372_036_854_775_808.0 })),
        ("1e300", json!({ "n": 1e300 })),
        ("2^60", json!({ "n": 1_152_921_504_606_846_976.0 })),
        ("nested", json!({ "a": { "b": 1, "c": { "d": "x" } } })),
        ("nested list", json!({ "a": [{ "b": 2 }, { "b": [3, 4] }, 5, { "c": { "d": ["x", "y"] } }] })),
        ("list of lists", json!({ "a": [[{ "b": 1 }]] })),
        ("dot", json!({ "a.b": 1, "a.c.d": "x" })),
        ("inner dot", json!({ "a": { "c.d": "x" } })),
        ("null", json!({ "a": { "b": null } })),
        ("odd", json!({ "a \"quoted\" \\ key": 1, "": "empty", "é": { "": 2 }, "date": { "$date": "2024-03-12" } })),
        ("order", json!({ "s": "\u{ffff}" })),
        ("order+1", json!({ "s": "\u{10000}" })),
    ]
}

/// Filters, and the ids of the documents that pass, in the order of [`documents`].
pub fn cases() -> Vec<(Value, Vec<&'static str>)> {
    let ids = || documents().into_iter().map(|(id, _)| id);
    let not = |those: &[&str]| ids().filter(|id| !those.contains(id)).collect::<Vec<_>>();
    let numbers = ["big", "big+1", "max", "2^63", "2^63 f", "1e300", "2^60"];
    let mut cases = vec![
        // A value, by type.
        (json!({ "n": 1 }), vec!["one", "one.0"]),
        (json!({ "n": 1.0 }), vec!["one", "one.0"]),
        (json!({ "n": "1" }), vec!["text"]),
        (json!({ "s": "b" }), vec!["one.0"]),
        (json!({ "ok": true }), vec!["one", "many"]),
        (json!({ "ok": 1 }), vec!["minus"]),
        (json!({ "ok": "true" }), vec!["text"]),
        (json!({ "ok": null }), vec!["half"]),
        (json!({ "missing": null }), vec![]),
        (json!({ "missing": { "$ne": null } }), not(&[])),
        // Arrays: any element, one level deep.
        (json!({ "tags": "sales" }), vec!["one", "one.0"]),
        (json!({ "tags": { "$ne": "sales" } }), not(&["one", "one.0"])),
        (json!({ "tags": { "$all": ["eu", "sales"] } }), vec!["one"]),
        (json!({ "tags": { "$all": [] } }), vec![]),
        (json!({ "tags": { "$in": ["none", "eu"] } }), vec!["one", "minus"]),
        (json!({ "n": null }), vec!["many"]),
        (json!({ "n": { "$gt": 5, "$lt": 4 } }), vec!["many"]),
        // Comparisons, within a type.
        (json!({ "n": { "$lt": 1 } }), vec!["half", "minus"]),
        (json!({ "n": { "$lte": 1.0 } }), vec!["one", "one.0", "half", "minus"]),
        (json!({ "n": { "$gte": 3, "$lte": 10 } }), vec!["many"]),
        (json!({ "n": { "$gt": 10 } }), numbers.to_vec()),
        (json!({ "s": { "$lt": "a" } }), vec!["half", "minus"]),
        (json!({ "s": { "$gte": "é" } }), vec!["many", "order", "order+1"]),
        (json!({ "s": { "$gt": "\u{ffff}" } }), vec!["order+1"]),
        (json!({ "ok": { "$gte": "true" } }), vec!["text"]),
        // Every digit of an integer counts.
        (json!({ "n": 9_007_199_254_740_993_i64 }), vec!["big+1"]),
        (json!({ "n": { "$gt": 9_007_199_254_740_992.0 } }), vec!["big+1", "max", "2^63", "2^63 f", "1e300", "2^60"]),
        (json!({ "n": { "$gt": i64::MAX } }), vec!["2^63", "2^63 f", "1e300"]),
        (json!({ "n": 9_223_372_036_854_775_808.0 }), vec!["2^63", "2^63 f"]),
        (json!({ "n": 1_152_921_504_606_846_976_i64 }), vec!["2^60"]),
        (json!({ "n": 1_152_921_504_606_847_000_i64 }), vec![]),
        (json!({ "n": { "$gte": -1e300, "$lt": 0 } }), vec!["minus"]),
        // Lists.
        (json!({ "n": { "$in": [] } }), vec![]),
        (json!({ "n": { "$nin": [] } }), not(&[])),
        (json!({ "n": { "$in": [1, "1", 0.5, null] } }), vec!["one", "one.0", "half", "text", "many"]),
        (json!({ "n": { "$nin": [1, "1", 0.5, null] } }), not(&["one", "one.0", "half", "text", "many"])),
        (json!({ "ok": { "$in": [true, 0] } }), vec!["one", "many"]),
        (json!({ "ok": { "$in": [1, "x", "true"] } }), vec!["minus", "text"]),
        (
            json!({ "s": { "$in": (0..40).map(|n| format!("{n}")).chain(["é".to_owned()]).collect::<Vec<_>>() } }),
            vec!["many"],
        ),
        (json!({ "n": { "$in": (2..40).collect::<Vec<_>>() } }), vec!["many"]),
        // Whether there is something.
        (json!({ "tags": { "$exists": true } }), vec!["one", "one.0", "half", "minus", "text"]),
        (json!({ "ok": { "$exists": false } }), not(&["one", "one.0", "half", "minus", "text", "many"])),
        (json!({ "a.b": { "$exists": true } }), vec!["nested", "nested list", "dot", "null"]),
        // Paths, and keys with a dot.
        (json!({ "a.b": 1 }), vec!["nested", "dot"]),
        (json!({ "a.b": { "$in": [2, 4] } }), vec!["nested list"]),
        (json!({ "a.b": { "$gte": 1 } }), vec!["nested", "nested list", "dot"]),
        (json!({ "a.b": { "$not": { "$gte": 1 } } }), not(&["nested", "nested list", "dot"])),
        (json!({ "a.b": null }), vec!["null"]),
        (json!({ "a.c.d": "x" }), vec!["nested", "nested list", "dot"]),
        (json!({ "a.c.d": { "$in": ["y", "z"] } }), vec!["nested list"]),
        (json!({ "a": 5 }), vec!["nested list"]),
        (json!({ "a": 1 }), vec![]),
        (json!({ "a.0.b": 2 }), vec![]),
        (json!({ "tags.sales": 1 }), vec!["text"]),
        (json!({ "a \"quoted\" \\ key": 1 }), vec!["odd"]),
        (json!({ "": "empty" }), vec!["odd"]),
        (json!({ "é.": 2 }), vec!["odd"]),
        (json!({ "date.$date": { "$gte": "2024-01-01", "$lt": "2025" } }), vec!["odd"]),
        (json!({ "' OR 1 --": 1 }), vec![]),
        (json!({ "s": "') OR 1 --" }), vec![]),
        (json!({ "\") || (1 == 1": "\" || 1 == 1" }), vec![]),
        // Filters of filters.
        (json!({}), not(&[])),
        (json!({ "n": 1, "s": "a" }), vec!["one"]),
        (json!({ "$and": [{ "n": 1 }, { "$not": { "s": "a" } }] }), vec!["one.0"]),
        (json!({ "$or": [{ "s": "B" }, { "n": -2 }], "ok": { "$exists": true } }), vec!["half", "minus"]),
        (
            json!({ "$nor": [{ "n": { "$exists": true } }, { "a": { "$exists": true } }] }),
            vec!["none", "dot", "odd", "order", "order+1"],
        ),
        (json!({ "$or": [{}] }), not(&[])),
        (json!({ "$not": {} }), vec![]),
        (json!({ "$not": { "$not": { "n": 1 } } }), vec!["one", "one.0"]),
        (json!({ "n": { "$not": { "$not": { "$eq": 1 } } } }), vec!["one", "one.0"]),
    ];
    cases.push((deepest(), vec!["one", "one.0"]));
    cases.push((longest(), vec!["one"]));
    cases
}

/// As many levels as a filter may have.
pub fn deepest() -> Value {
    (0..8).fold(json!({ "n": 1 }), |filter, _| json!({ "$nor": [{ "$not": filter }] }))
}

/// As many comparisons as a filter may have, of paths with as many keys, and as many values.
pub fn longest() -> Value {
    let path = ["k"; 16].join(".");
    let values: Vec<String> = (0..984).map(|n| n.to_string()).collect();
    let mut all = vec![json!({ path.as_str(): { "$nin": values } })];
    all.extend((0..46).map(|n| json!({ "$or": [{ path.as_str(): n }] })).map(|filter| json!({ "$nor": [filter] })));
    all.push(json!({ "s": { "$all": vec!["a"; 16] }, "n": 1 }));
    json!({ "$and": all })
}

/// Some often, so that filters and documents meet.
const KEYS: [&str; 12] = ["a", "a", "a", "a.b", "a.b", "b", "b", "c", "b.c", "a.b.c", "x\"y\\é", ""];

const TEXTS: [&str; 14] =
    ["", "a", "A", "b", "ab", "é", "e\u{301}", "\u{ffff}", "\u{10000}", "1", "true", "null", "$a", "\"\\'\n"];

/// A value that is neither array nor object.
pub fn scalar(random: &mut Random) -> Value {
    let numbers = [
        json!(0),
        json!(1),
        json!(-1),
        json!(2),
        json!(1.0),
        json!(1.5),
        json!(-0.0),
        json!(0.1),
        json!(0.3),
        json!(0.1 + 0.2),
        json!(1e16),
        json!(9_007_199_254_740_991_i64),
        json!(9_007_199_254_740_992_i64),
        json!(9_007_199_254_740_993_i64),
        json!(9_007_199_254_740_992.0),
        json!(i64::MAX),
        json!(i64::MIN),
        json!(u64::MAX),
        json!(9_223_372_036_854_775_808.0),
        json!(-9_223_372_036_854_775_808.0),
        json!(1_152_921_504_606_846_976_i64),
        json!(1_152_921_504_606_847_000_i64),
        json!(1_152_921_504_606_846_976.0),
        json!(1e300),
        json!(-1e300),
        json!(5e-324),
        json!(f64::MAX),
    ];
    match random.below(16) {
        10.. => random.pick(&[json!(1), json!("a"), json!(true), json!(2.5)]).clone(),
        0 => Value::Null,
        1 => json!(random.below(2) == 0),
        // Any float and its neighbour.
        2 => {
            let float = f64::from_bits(0x3fe0_0000_0000_0000 | random.next() >> 54 << 44);
            json!(if random.below(2) == 0 { float } else { float.next_up() })
        }
        3..6 => random.pick(&numbers).clone(),
        _ => json!(random.pick(&TEXTS)),
    }
}

/// A value of metadata.
fn value(random: &mut Random, depth: usize) -> Value {
    match random.below(if depth == 0 { 4 } else { 8 }) {
        0..4 => scalar(random),
        4 | 5 => (0..random.below(4)).map(|_| value(random, depth - 1)).collect(),
        _ => metadata(random, depth - 1),
    }
}

/// Metadata with up to `depth` levels below it.
pub fn metadata(random: &mut Random, depth: usize) -> Value {
    let fields = (0..1 + random.below(5)).map(|_| ((*random.pick(&KEYS)).to_owned(), value(random, depth)));
    Value::Object(fields.collect::<Map<_, _>>())
}

/// A valid filter with up to `depth` levels.
pub fn filter(random: &mut Random, depth: usize) -> Value {
    let mut filter = Map::new();
    for _ in 0..1 + random.below(5) / 4 {
        let (name, value) = match random.below(if depth == 0 { 4 } else { 7 }) {
            0..4 => ((*random.pick(&KEYS)).to_owned(), test(random, depth)),
            4 => ("$not".to_owned(), self::filter(random, depth - 1)),
            _ => {
                let filters: Vec<Value> = (0..1 + random.below(3)).map(|_| self::filter(random, depth - 1)).collect();
                ((*random.pick(&["$and", "$or", "$nor"])).to_owned(), json!(filters))
            }
        };
        filter.insert(name, value);
    }
    Value::Object(filter)
}

/// What is behind a key.
fn test(random: &mut Random, depth: usize) -> Value {
    if random.below(4) == 0 {
        return scalar(random);
    }
    let mut operators = Map::new();
    for _ in 0..1 + random.below(5) / 4 {
        let name =
            *random.pick(&["$eq", "$ne", "$gt", "$gte", "$lt", "$lte", "$in", "$nin", "$all", "$exists", "$not"]);
        let value = match name {
            "$exists" => json!(random.below(2) == 0),
            "$in" | "$nin" | "$all" => {
                let most = if name != "$all" && random.below(9) == 0 { 40 } else { 4 };
                (0..random.below(most)).map(|_| scalar(random)).collect()
            }
            "$gt" | "$gte" | "$lt" | "$lte" => loop {
                let bound = scalar(random);
                if bound.is_number() || bound.is_string() {
                    break bound;
                }
            },
            "$not" if depth == 0 => continue,
            "$not" => match test(random, depth - 1) {
                operators @ Value::Object(_) => operators,
                value => json!({ "$eq": value }),
            },
            _ => scalar(random),
        };
        operators.insert(name.to_owned(), value);
    }
    if operators.is_empty() { json!({ "$exists": true }) } else { Value::Object(operators) }
}

/// Random metadata of so many documents, and so many filters.
pub fn random(seed: u64, documents: usize, filters: usize) -> (Vec<Value>, Vec<Value>) {
    let mut random = Random(seed);
    let documents = (0..documents).map(|_| metadata(&mut random, 3)).collect();
    (documents, (0..filters).map(|_| filter(&mut random, 2)).collect())
}

/// Documents with this metadata and the ids `0000`, `0001` and so on, all with the same question.
pub fn with_ids(metadata: &[Value]) -> Value {
    let document = |(at, metadata)| json!({ "id": format!("{at:04}"), "question": "cat", "metadata": metadata });
    metadata.iter().enumerate().map(document).collect()
}

/// The body of a search among documents of [`with_ids`] that finds all that `filter` passes.
pub fn search(filter: &Value) -> String {
    json!({ "query": "cat", "top_k": 1000, "filter": filter }).to_string()
}

/// Positions of the documents in the answer to [`search`], in their order.
pub fn found(answer: &Value) -> Vec<usize> {
    let results = answer["results"].as_array().expect("results");
    assert_eq!(answer["metadata"]["total_documents_searched"], results.len(), "{answer}");
    let id = |result: &Value| result["document_id"].as_str().and_then(|id| id.parse().ok()).expect("an id");
    let mut found: Vec<usize> = results.iter().map(id).collect();
    found.sort_unstable();
    found
}
