//! Filters in SQLite's words.
//!
//! Keys and values are parameters of the statement, all of them. Keys are compared as values of a row and not put into a path of JSON, in
//! which some cannot be written. Every condition is true or false, never `NULL`.

use minilm_documents::filter::{Bound, Filter, Number, Path, Scalar, Test};
use serde_json::Value as Json;

use super::db::Value;

/// The condition that `filter` makes of a document `d`; its parameters follow those in `parameters`.
pub fn condition(filter: &Filter, parameters: &mut Vec<Value>) -> String {
    match filter {
        Filter::And(all) if all.is_empty() => "1".to_owned(),
        Filter::And(all) => all_of(all, " AND ", parameters),
        Filter::Or(any) if any.is_empty() => "0".to_owned(),
        Filter::Or(any) => all_of(any, " OR ", parameters),
        Filter::Not(filter) => format!("NOT {}", condition(filter, parameters)),
        Filter::At(path, test) => at(path, test, parameters),
    }
}

fn all_of(filters: &[Filter], operator: &str, parameters: &mut Vec<Value>) -> String {
    let all: Vec<String> = filters.iter().map(|filter| condition(filter, parameters)).collect();
    format!("({})", all.join(operator))
}

/// Adds a parameter, and gives its name.
fn parameter(value: Value, parameters: &mut Vec<Value>) -> String {
    parameters.push(value);
    format!("?{}", parameters.len())
}

fn at(path: &Path, test: &Test, parameters: &mut Vec<Value>) -> String {
    let test = Tested::new(test, parameters);
    let mut key = |key: &str| parameter(key.into(), parameters);
    let whole = key(path.whole());
    let whole = format!("EXISTS (SELECT 1 FROM json_each(d.metadata) k WHERE k.key = {whole}{})", test.of("k"));
    let Some(keys) = path.nested() else { return whole };
    // Objects are read as arrays of one, so that both are looked into by one way.
    let (mut tables, mut conditions) = ("json_each(d.metadata) k0".to_owned(), format!("k0.key = {}", key(keys[0])));
    for (level, name) in keys.iter().enumerate().skip(1) {
        let outer = level - 1;
        tables += &format!(
            " CROSS JOIN json_each(CASE k{outer}.type WHEN 'array' THEN k{outer}.value
                WHEN 'object' THEN '[' || k{outer}.value || ']' END) o{level}
            CROSS JOIN json_each(CASE o{level}.type WHEN 'object' THEN o{level}.value END) k{level}"
        );
        conditions += &format!(" AND k{level}.key = {}", key(name));
    }
    let test = test.of(&format!("k{}", keys.len() - 1));
    format!("({whole} OR EXISTS (SELECT 1 FROM {tables} WHERE {conditions}{test}))")
}

/// What is asked about a value, with its parameters in place.
enum Tested {
    Exists,
    /// Types of JSON, and what a value of such a type must be, if anything.
    OneOf(Vec<(&'static str, String)>),
}

const NUMBERS: &str = "'integer', 'real'";
const TEXTS: &str = "'text'";

impl Tested {
    fn new(test: &Test, parameters: &mut Vec<Value>) -> Self {
        match test {
            Test::Exists => Self::Exists,
            Test::Compare(comparison, bound) => {
                let (types, bound) = match bound {
                    Bound::Number(bound) => (NUMBERS, number(*bound, parameters)),
                    Bound::Text(bound) => (TEXTS, parameter(bound.as_str().into(), parameters)),
                };
                Self::OneOf(vec![(types, format!("{} {bound}", comparison.sign()))])
            }
            Test::In(scalars) => Self::OneOf(one_of(scalars, parameters)),
        }
    }

    /// A further condition of the value in the row `row` of `json_each`, or of its elements.
    fn of(&self, row: &str) -> String {
        match self {
            Self::Exists => String::new(),
            Self::OneOf(types) if types.is_empty() => " AND 0".to_owned(),
            Self::OneOf(types) => {
                let one = |row: &str| {
                    let each = types.iter().map(|(types, value)| match value.as_str() {
                        "" => format!("{row}.type IN ({types})"),
                        value => format!("{row}.type IN ({types}) AND {row}.atom {value}"),
                    });
                    each.collect::<Vec<_>>().join(" OR ")
                };
                let (own, element) = (one(row), one("e"));
                format!(
                    " AND ({own} OR {row}.type = 'array'
                        AND EXISTS (SELECT 1 FROM json_each({row}.value) e WHERE {element}))"
                )
            }
        }
    }
}

fn one_of(scalars: &[Scalar], parameters: &mut Vec<Value>) -> Vec<(&'static str, String)> {
    let (mut types, mut numbers, mut texts) = (Vec::new(), Vec::new(), Vec::new());
    for scalar in scalars {
        match scalar {
            Scalar::Number(number) => numbers.push(*number),
            Scalar::Text(text) => texts.push(text.as_str()),
            Scalar::Null | Scalar::Bool(_) => {}
        }
    }
    for (scalar, name) in [(Scalar::Null, "'null'"), (Scalar::Bool(true), "'true'"), (Scalar::Bool(false), "'false'")] {
        if scalars.contains(&scalar) {
            types.push((name, String::new()));
        }
    }
    let list = |list: Json, parameters: &mut Vec<Value>| {
        format!("IN (SELECT value FROM json_each({}))", parameter(Value::Text(list.to_string()), parameters))
    };
    match numbers[..] {
        [] => {}
        [only] => types.push((NUMBERS, format!("= {}", number(only, parameters)))),
        _ => types.push((NUMBERS, list(numbers.into_iter().map(Json::from).collect(), parameters))),
    }
    match texts[..] {
        [] => {}
        [only] => types.push((TEXTS, format!("= {}", parameter(only.into(), parameters)))),
        _ => types.push((TEXTS, list(texts.into_iter().map(Json::from).collect(), parameters))),
    }
    types
}

/// A number as a parameter. SQLite reads the digits of a float with its own code, which is off by the last bit here and there, but then
/// it is so for those in documents too.
fn number(number: Number, parameters: &mut Vec<Value>) -> String {
    match number {
        Number::Int(integer) => parameter(integer.into(), parameters),
        Number::Float(_) => {
            format!("CAST({} AS REAL)", parameter(Value::Text(Json::from(number).to_string()), parameters))
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// No text of a client gets into a statement.
    #[test]
    fn keys_and_values_are_parameters() {
        let filter = json!({
            "bad.'key": { "$in": ["bad 1", "bad 2"], "$gt": "bad 3", "$ne": "bad 4" },
            "$or": [{ "bad": 7777 }, { "bad": { "$lt": 7777.5, "$nin": [7777, 7778] } }],
        });
        let filter = Filter::parse(filter.as_object().expect("an object")).expect("a filter").expect("not empty");
        let mut parameters = vec![Value::Null];
        let statement = condition(&filter, &mut parameters);
        assert!(!statement.contains("bad") && !statement.contains("777"), "{statement}");
        for number in 2..=parameters.len() {
            assert!(statement.contains(&format!("?{number}")), "{number} {statement}");
        }
        assert_eq!(parameters.len(), 1 + 6 + 3 * 3 + 3);
    }
}
