//! Filters against a table that all stores share, what they refuse, and what holds for all of them.

use serde_json::{Value, json};

use super::*;

#[path = "../../../../tests/common/filters.rs"]
#[allow(dead_code, reason = "written for the tests of several crates")]
mod filters;
#[path = "../../../../tests/common/random.rs"]
#[allow(dead_code, reason = "written for the tests of the core, which use all of it")]
mod random;

use random::Random;

fn parse(filter: &Value) -> Result<Option<Filter>, String> {
    Filter::parse(filter.as_object().expect("an object")).map_err(|error| error.to_string())
}

fn passes(filter: &Value, metadata: &Value) -> bool {
    let filter = parse(filter).unwrap_or_else(|error| panic!("{filter}: {error}"));
    filter.is_none_or(|filter| filter.matches(metadata.as_object().expect("an object")))
}

#[test]
fn filters_find_what_the_table_says() {
    let documents = filters::documents();
    for (filter, expected) in filters::cases() {
        let found = documents.iter().filter(|(_, metadata)| passes(&filter, metadata));
        assert_eq!(found.map(|(id, _)| *id).collect::<Vec<_>>(), expected, "{filter}");
    }
}

#[test]
fn numbers_have_one_order() {
    // Ascending; those side by side in a group are equal.
    let groups = [
        vec![json!(-1e300)],
        vec![json!(i64::MIN), json!(-9_223_372_036_854_775_808.0)],
        vec![json!(-1)],
        vec![json!(0), json!(-0.0), json!(0.0)],
        vec![json!(5e-324)],
        vec![json!(0.5)],
        vec![json!(9_007_199_254_740_992_i64), json!(9_007_199_254_740_992.0)],
        vec![json!(9_007_199_254_740_993_i64)],
        vec![json!(i64::MAX)],
        vec![json!(9_223_372_036_854_775_808.0), json!(9_223_372_036_854_775_808_u64), json!(i64::MAX as u64 + 9)],
        vec![json!(u64::MAX), json!(18_446_744_073_709_551_616.0)],
        vec![json!(f64::MAX)],
    ];
    let all: Vec<(usize, &Value)> =
        groups.iter().enumerate().flat_map(|(at, group)| group.iter().map(move |n| (at, n))).collect();
    let number = |value: &Value| Number::new(value.as_number().expect("a number")).expect("finite");
    for (a_group, a) in &all {
        for (b_group, b) in &all {
            assert_eq!(number(a).compare(number(b)), a_group.cmp(b_group), "{a} {b}");
        }
    }
}

/// A comparison and its opposite split the documents in two, and `$not` is the rest.
#[test]
fn negations_are_the_rest() {
    let mut random = Random(7);
    for _ in 0..2000 {
        let (metadata, value) = (filters::metadata(&mut random, 3), filters::scalar(&mut random));
        let filter = filters::filter(&mut random, 3);
        let found = passes(&filter, &metadata);
        for negation in [json!({ "$not": filter }), json!({ "$nor": [filter] })] {
            assert_ne!(passes(&negation, &metadata), found, "{filter} {metadata}");
        }
        for [a, b] in [["$eq", "$ne"], ["$in", "$nin"]] {
            let value = if a == "$in" { json!([value]) } else { value.clone() };
            let [a, b] = [a, b].map(|name| passes(&json!({ "a.b": { name: value } }), &metadata));
            assert_ne!(a, b, "{value} {metadata}");
        }
    }
}

#[test]
fn what_is_no_filter_is_named() {
    let long = "k".repeat(300);
    let (of_filters, of_keys) = (
        "`$and`, `$nor`, `$not`, `$or`",
        "`$all`, `$eq`, `$exists`, `$gt`, `$gte`, `$in`, `$lt`, `$lte`, `$ne`, `$nin`, `$not`",
    );
    for (filter, expected) in [
        (json!({ "a": { "$regex": "x" } }), format!("`$regex` is no operator of `a`: there are {of_keys}")),
        (json!({ "$xor": [] }), format!("`$xor` is no operator between filters: there are {of_filters}")),
        (
            json!({ "a": { "$gt": 1, "b": 2 } }),
            "`b` of `a` is no operator: a key in an object is written with a dot, as in `a.b`".to_owned(),
        ),
        (json!({ "a": {} }), "`a` is an empty object: operators such as `$gte` are needed".to_owned()),
        (json!({ "a": [1] }), "`a` is an array: `$in` takes any of some values, `$all` takes all of them".to_owned()),
        (
            json!({ "a": { "$eq": [1] } }),
            "`$eq` of `a` is an array: it takes a string, a number, a boolean or null".to_owned(),
        ),
        (
            json!({ "a": { "$ne": {} } }),
            "`$ne` of `a` is an object: it takes a string, a number, a boolean or null".to_owned(),
        ),
        (json!({ "a": { "$in": "x" } }), "`$in` of `a` is a string: it takes an array".to_owned()),
        (
            json!({ "a": { "$nin": [[1]] } }),
            "a value in `$nin` of `a` is an array: it takes a string, a number, a boolean or null".to_owned(),
        ),
        (json!({ "a": { "$gt": true } }), "`$gt` of `a` is a boolean: it takes a number or a string".to_owned()),
        (json!({ "a": { "$lte": null } }), "`$lte` of `a` is null: it takes a number or a string".to_owned()),
        (json!({ "a": { "$exists": 1 } }), "`$exists` of `a` is a number: it takes true or false".to_owned()),
        (
            json!({ "a": { "$not": 1 } }),
            "`$not` of `a` is a number: it takes an object of operators; `$ne` takes a value".to_owned(),
        ),
        (json!({ "$and": {} }), "`$and` is an object: it takes an array of at least one filter".to_owned()),
        (json!({ "$or": [] }), "`$or` is an empty array: it takes an array of at least one filter".to_owned()),
        (json!({ "$nor": [1] }), "a filter of `$nor` is a number: it must be an object".to_owned()),
        (json!({ "$not": [] }), "`$not` is an empty array: it takes a filter, which is an object".to_owned()),
        (json!({ "a\u{0}": 1 }), "a key has the character U+0000, which cannot be filtered by".to_owned()),
        (
            json!({ "a": { "$in": ["\u{0}"] } }),
            "a value in `$in` of `a` has the character U+0000, which cannot be filtered by".to_owned(),
        ),
        (
            json!({ long.as_str(): [] }),
            format!("`{}…` is an empty array: `$in` takes any of some values, `$all` takes all of them", &long[..100]),
        ),
        (json!({ "$not": filters::deepest() }), "it has 17 levels of operators, the limit is 16".to_owned()),
        (json!({ "$and": [filters::longest(), { "a": 1 }] }), "it has 65 comparisons, the limit is 64".to_owned()),
        (json!({ "a": { "$in": vec![0; 1001] } }), "it has 1001 values in lists, the limit is 1000".to_owned()),
        (json!({ ["k"; 17].join("."): 1 }), "it has 17 keys in a path, the limit is 16".to_owned()),
    ] {
        assert_eq!(parse(&filter), Err(expected), "{filter}");
    }
    let hint = parse(&json!({ "$gte": 1 })).expect_err("no filter");
    assert!(hint.starts_with("`$gte` is no operator between filters, but of a key, as in"), "{hint}");
    assert_eq!(parse(&json!({})), Ok(None));
}
