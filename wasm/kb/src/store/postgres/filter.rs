//! Filters in PostgreSQL's words.
//!
//! A comparison is a path of SQL/JSON, which is a parameter of the statement. Keys and values in it are written as strings and numbers of
//! JSON, which is how that language writes them too. Its default mode looks into arrays one level deep, as filters do, compares strings
//! by code point and numbers by their digits. Where it compares two types, the answer is unknown, which is no match.

use minilm_documents::filter::{Bound, Filter, Number, Path, Scalar, Test};
use serde_json::Value;

use super::db::ParameterValue;

/// Values of a list that are written out, which the index of the metadata can serve. More are compared with each value of a document.
const WRITTEN_OUT: usize = 16;

/// The condition that `filter` makes of a document `f`; its parameters follow those in `parameters`.
pub fn condition(filter: &Filter, parameters: &mut Vec<ParameterValue>) -> String {
    match filter {
        Filter::And(all) if all.is_empty() => "true".to_owned(),
        Filter::And(all) => all_of(all, " AND ", parameters),
        Filter::Or(any) if any.is_empty() => "false".to_owned(),
        Filter::Or(any) => all_of(any, " OR ", parameters),
        // What is unknown is no match, so its opposite is one.
        Filter::Not(filter) => format!("({}) IS NOT TRUE", condition(filter, parameters)),
        Filter::At(path, test) => at(path, test, parameters),
    }
}

fn all_of(filters: &[Filter], operator: &str, parameters: &mut Vec<ParameterValue>) -> String {
    let all: Vec<String> = filters.iter().map(|filter| condition(filter, parameters)).collect();
    format!("({})", all.join(operator))
}

/// Adds a parameter, and gives its name.
fn parameter(text: String, parameters: &mut Vec<ParameterValue>) -> String {
    parameters.push(ParameterValue::Str(text));
    format!("${}::text", parameters.len())
}

fn at(path: &Path, test: &Test, parameters: &mut Vec<ParameterValue>) -> String {
    let places = places(path);
    let each = |what: &dyn Fn(&str) -> String| places.iter().map(|place| what(place)).collect::<Vec<_>>().join(" || ");
    let path = match test {
        Test::Exists => each(&|place| format!("exists({place})")),
        Test::Compare(comparison, bound) => {
            let bound = match bound {
                Bound::Number(number) => value(&Scalar::Number(*number)),
                Bound::Text(text) => value(&Scalar::Text(text.clone())),
            };
            each(&|place| format!("{place} {} {bound}", comparison.sign()))
        }
        Test::In(scalars) if scalars.is_empty() => return "false".to_owned(),
        Test::In(scalars) if scalars.len() <= WRITTEN_OUT => each(&|place| {
            let equals = scalars.iter().map(|scalar| format!("{place} == {}", value(scalar)));
            equals.collect::<Vec<_>>().join(" || ")
        }),
        Test::In(scalars) => {
            let path = parameter(each(&|place| format!("{place} == $list[*]")), parameters);
            let list: Vec<String> = scalars.iter().map(value).collect();
            let list = parameter(format!("{{\"list\":[{}]}}", list.join(",")), parameters);
            return format!("jsonb_path_match(f.metadata, {path}::jsonpath, {list}::jsonb, true)");
        }
    };
    format!("f.metadata @@ {}::jsonpath", parameter(path, parameters))
}

/// The places that a path reaches, as paths of SQL/JSON.
fn places(path: &Path) -> Vec<String> {
    let key = |key: &str| format!(".{}", Value::from(key));
    let nested = path.nested().map(|keys| format!("${}", keys.into_iter().map(key).collect::<String>()));
    [Some(format!("${}", key(path.whole()))), nested].into_iter().flatten().collect()
}

/// A value as JSON and paths have it.
fn value(scalar: &Scalar) -> String {
    match scalar {
        Scalar::Null => Value::Null,
        Scalar::Bool(value) => (*value).into(),
        Scalar::Number(number) => Number::into(*number),
        Scalar::Text(text) => text.as_str().into(),
    }
    .to_string()
}
