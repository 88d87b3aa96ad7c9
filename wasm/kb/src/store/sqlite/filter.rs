//! Filters in SQLite's words.

use serde_json::{Map, Value as Json};

use super::db::Value;

/// The conditions that `filter` makes of a document `d`, each with an `AND` before it; their parameters follow those in `parameters`.
///
/// Keys are compared as values of a row and not put into a path, in which some cannot be written.
pub fn conditions(filter: &Map<String, Json>, parameters: &mut Vec<Value>) -> String {
    let mut conditions = String::new();
    for (key, asked) in filter {
        parameters.push(key.as_str().into());
        let key = parameters.len();
        let mut value = |value: Value| {
            parameters.push(value);
            parameters.len()
        };
        let is_equal = match asked {
            Json::String(text) => format!("m.type = 'text' AND m.atom = ?{}", value(text.as_str().into())),
            Json::Number(number) => {
                let number = match number.as_i64() {
                    Some(integer) => Value::Integer(integer),
                    None => Value::Real(number.as_f64().unwrap_or(f64::NAN)),
                };
                format!("m.type IN ('integer', 'real') AND m.atom = ?{}", value(number))
            }
            Json::Bool(true) => "m.type = 'true'".to_owned(),
            Json::Bool(false) => "m.type = 'false'".to_owned(),
            // Lists and objects were refused before.
            _ => "m.type = 'null'".to_owned(),
        };
        conditions +=
            &format!(" AND EXISTS (SELECT 1 FROM json_each(d.metadata) m WHERE m.key = ?{key} AND {is_equal})");
    }
    conditions
}
