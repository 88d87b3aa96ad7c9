//! Filters as clients send them.

use serde_json::{Map, Value};

use super::error::shown;
use super::{
    Bound, Comparison, Filter, FilterError, MAX_FILTER_CONDITIONS, MAX_FILTER_DEPTH, MAX_FILTER_KEYS,
    MAX_FILTER_VALUES, Number, Path, Scalar, Test,
};
use crate::json::kind;

/// Operators between filters, and those behind a key.
const OF_FILTERS: [&str; 4] = ["$and", "$nor", "$not", "$or"];
const OF_KEYS: [&str; 11] = ["$all", "$eq", "$exists", "$gt", "$gte", "$in", "$lt", "$lte", "$ne", "$nin", "$not"];

impl Filter {
    /// The filter in a JSON object; nothing where the object is empty, which every document passes.
    ///
    /// # Errors
    /// [`FilterError`].
    pub fn parse(object: &Map<String, Value>) -> Result<Option<Self>, FilterError> {
        if object.is_empty() {
            return Ok(None);
        }
        Parser::default().filter(object, 0).map(Some)
    }
}

/// What was read so far.
#[derive(Default)]
struct Parser {
    conditions: usize,
    values: usize,
}

impl Parser {
    /// A filter in `depth` others: all that is in the object must hold.
    fn filter(&mut self, object: &Map<String, Value>, depth: usize) -> Result<Filter, FilterError> {
        limit("levels of operators", depth, MAX_FILTER_DEPTH)?;
        let all = object.iter().map(|(name, value)| match name.strip_prefix('$') {
            Some(_) => self.operator(name, value, depth + 1),
            None => self.key(name, value, depth),
        });
        Ok(one_or(Filter::And, all.collect::<Result<_, _>>()?))
    }

    /// An operator between filters.
    fn operator(&mut self, name: &str, value: &Value, depth: usize) -> Result<Filter, FilterError> {
        match name {
            "$and" => Ok(one_or(Filter::And, self.filters(name, value, depth)?)),
            "$or" => Ok(one_or(Filter::Or, self.filters(name, value, depth)?)),
            "$nor" => Ok(not(one_or(Filter::Or, self.filters(name, value, depth)?))),
            "$not" => match value {
                Value::Object(object) => Ok(not(self.filter(object, depth)?)),
                other => Err(wrong(format!("`{name}`"), other, "it takes a filter, which is an object")),
            },
            _ if OF_KEYS.contains(&name) => Err(unknown(
                name,
                "between filters, but of a key, as in {\"key\": {\"$eq\": 1}}".to_owned(),
                &OF_FILTERS,
            )),
            _ => Err(unknown(name, "between filters".to_owned(), &OF_FILTERS)),
        }
    }

    fn filters(&mut self, name: &str, value: &Value, depth: usize) -> Result<Vec<Filter>, FilterError> {
        let expected = "it takes an array of at least one filter";
        let wrong = |value: &Value| wrong(format!("`{name}`"), value, expected);
        let items = value.as_array().filter(|items| !items.is_empty()).ok_or_else(|| wrong(value))?;
        let filter = |item: &Value| match item {
            Value::Object(object) => self.filter(object, depth),
            other => Err(FilterError::Value {
                place: format!("a filter of `{name}`"),
                found: kind(other),
                expected: "it must be an object",
            }),
        };
        items.iter().map(filter).collect()
    }

    /// A key with a value, or with operators.
    fn key(&mut self, key: &str, value: &Value, depth: usize) -> Result<Filter, FilterError> {
        let path = path(key)?;
        let place = || format!("`{}`", shown(key));
        match value {
            Value::Object(operators) => self.operators(&path, operators, depth),
            Value::Array(_) => Err(wrong(place(), value, "`$in` takes any of some values, `$all` takes all of them")),
            _ => self.at(&path, Test::In(vec![scalar(value, place)?])),
        }
    }

    /// The operators of a key, all of which must hold.
    fn operators(&mut self, path: &Path, operators: &Map<String, Value>, depth: usize) -> Result<Filter, FilterError> {
        limit("levels of operators", depth, MAX_FILTER_DEPTH)?;
        let key = || shown(path.whole());
        if operators.is_empty() {
            let expected = "operators such as `$gte` are needed";
            return Err(FilterError::Value { place: format!("`{}`", key()), found: "an empty object", expected });
        }
        if let Some(name) = operators.keys().find(|name| !name.starts_with('$')) {
            let expected = "a key in an object is written with a dot, as in `a.b`";
            return Err(FilterError::NotAnOperator { name: shown(name), key: key(), expected });
        }
        let all = operators.iter().map(|(name, value)| self.operator_of(path, name, value, depth));
        Ok(one_or(Filter::And, all.collect::<Result<_, _>>()?))
    }

    fn operator_of(&mut self, path: &Path, name: &str, value: &Value, depth: usize) -> Result<Filter, FilterError> {
        let place = || format!("`{name}` of `{}`", shown(path.whole()));
        match name {
            "$eq" => self.at(path, Test::In(vec![scalar(value, place)?])),
            "$ne" => Ok(not(self.at(path, Test::In(vec![scalar(value, place)?]))?)),
            "$in" => {
                let scalars = self.list(value, place)?;
                self.at(path, Test::In(scalars))
            }
            "$nin" => {
                let scalars = self.list(value, place)?;
                Ok(not(self.at(path, Test::In(scalars))?))
            }
            "$all" => {
                let scalars = self.list(value, place)?;
                if scalars.is_empty() {
                    return Ok(Filter::Or(Vec::new()));
                }
                let each = scalars.into_iter().map(|scalar| self.at(path, Test::In(vec![scalar])));
                Ok(one_or(Filter::And, each.collect::<Result<_, _>>()?))
            }
            "$gt" => self.compare(path, Comparison::Greater, value, place),
            "$gte" => self.compare(path, Comparison::GreaterOrEqual, value, place),
            "$lt" => self.compare(path, Comparison::Less, value, place),
            "$lte" => self.compare(path, Comparison::LessOrEqual, value, place),
            "$exists" => match value {
                Value::Bool(true) => self.at(path, Test::Exists),
                Value::Bool(false) => Ok(not(self.at(path, Test::Exists)?)),
                other => Err(wrong(place(), other, "it takes true or false")),
            },
            "$not" => match value {
                Value::Object(operators) => Ok(not(self.operators(path, operators, depth + 1)?)),
                other => Err(wrong(place(), other, "it takes an object of operators; `$ne` takes a value")),
            },
            _ => Err(unknown(&shown(name), format!("of `{}`", shown(path.whole())), &OF_KEYS)),
        }
    }

    fn compare(
        &mut self,
        path: &Path,
        comparison: Comparison,
        value: &Value,
        place: impl Fn() -> String,
    ) -> Result<Filter, FilterError> {
        let bound = match scalar(value, &place)? {
            Scalar::Number(number) => Bound::Number(number),
            Scalar::Text(text) => Bound::Text(text),
            Scalar::Null | Scalar::Bool(_) => return Err(wrong(place(), value, "it takes a number or a string")),
        };
        self.at(path, Test::Compare(comparison, bound))
    }

    fn list(&mut self, value: &Value, place: impl Fn() -> String) -> Result<Vec<Scalar>, FilterError> {
        let items = value.as_array().ok_or_else(|| wrong(place(), value, "it takes an array"))?;
        self.values += items.len();
        limit("values in lists", self.values, MAX_FILTER_VALUES)?;
        items.iter().map(|item| scalar(item, || format!("a value in {}", place()))).collect()
    }

    /// One comparison.
    fn at(&mut self, path: &Path, test: Test) -> Result<Filter, FilterError> {
        self.conditions += 1;
        limit("comparisons", self.conditions, MAX_FILTER_CONDITIONS)?;
        Ok(Filter::At(path.clone(), test))
    }
}

fn path(key: &str) -> Result<Path, FilterError> {
    limit("keys in a path", 1 + key.matches('.').count(), MAX_FILTER_KEYS)?;
    if key.contains('\0') {
        return Err(FilterError::Nul { place: "a key".to_owned() });
    }
    Ok(Path(key.to_owned()))
}

fn scalar(value: &Value, place: impl Fn() -> String) -> Result<Scalar, FilterError> {
    let expected = "it takes a string, a number, a boolean or null";
    match value {
        Value::Null => Ok(Scalar::Null),
        Value::Bool(value) => Ok(Scalar::Bool(*value)),
        Value::Number(number) => {
            Number::new(number).map(Scalar::Number).ok_or_else(|| wrong(place(), value, "it is out of range"))
        }
        Value::String(text) if text.contains('\0') => Err(FilterError::Nul { place: place() }),
        Value::String(text) => Ok(Scalar::Text(text.clone())),
        Value::Array(_) | Value::Object(_) => Err(wrong(place(), value, expected)),
    }
}

/// The only one of `filters`, or what `many` makes of them.
fn one_or(many: impl Fn(Vec<Filter>) -> Filter, mut filters: Vec<Filter>) -> Filter {
    match filters.pop() {
        Some(only) if filters.is_empty() => only,
        Some(last) => {
            filters.push(last);
            many(filters)
        }
        None => many(filters),
    }
}

fn not(filter: Filter) -> Filter {
    Filter::Not(Box::new(filter))
}

fn limit(what: &'static str, found: usize, limit: usize) -> Result<(), FilterError> {
    if found <= limit { Ok(()) } else { Err(FilterError::Limit { what, found, limit }) }
}

fn wrong(place: String, value: &Value, expected: &'static str) -> FilterError {
    let found = match value {
        Value::Array(items) if items.is_empty() => "an empty array",
        other => kind(other),
    };
    FilterError::Value { place, found, expected }
}

fn unknown(operator: &str, place: String, known: &[&str]) -> FilterError {
    let known = known.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
    FilterError::UnknownOperator { operator: shown(operator), place, known }
}
