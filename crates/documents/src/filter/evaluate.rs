//! What filters mean.

use std::cmp::Ordering;

use serde_json::{Map, Value};

use super::{Bound, Comparison, Filter, Number, Path, Scalar, Test};

impl Filter {
    /// Whether a document with this metadata passes.
    #[must_use]
    pub fn matches(&self, metadata: &Map<String, Value>) -> bool {
        match self {
            Self::And(all) => all.iter().all(|filter| filter.matches(metadata)),
            Self::Or(any) => any.iter().any(|filter| filter.matches(metadata)),
            Self::Not(filter) => !filter.matches(metadata),
            Self::At(path, test) => path.any(metadata, |value| test.holds(value)),
        }
    }
}

impl Path {
    /// Whether one of the values that it reaches is as `holds` wants it.
    fn any(&self, metadata: &Map<String, Value>, holds: impl Fn(&Value) -> bool) -> bool {
        metadata.get(self.whole()).is_some_and(&holds) || (self.0.contains('.') && any_in(metadata, &self.0, &holds))
    }
}

fn any_in(object: &Map<String, Value>, path: &str, holds: &impl Fn(&Value) -> bool) -> bool {
    let Some((first, rest)) = path.split_once('.') else { return object.get(path).is_some_and(holds) };
    match object.get(first) {
        Some(Value::Object(inner)) => any_in(inner, rest, holds),
        Some(Value::Array(items)) => items.iter().filter_map(Value::as_object).any(|inner| any_in(inner, rest, holds)),
        _ => false,
    }
}

impl Test {
    /// Whether `value`, or one of its elements, is what is asked for.
    fn holds(&self, value: &Value) -> bool {
        match (self, value) {
            (Self::Exists, _) => true,
            (_, Value::Array(items)) => items.iter().any(|item| self.holds_for_one(item)),
            _ => self.holds_for_one(value),
        }
    }

    fn holds_for_one(&self, value: &Value) -> bool {
        match self {
            Self::Exists => true,
            Self::In(scalars) => scalars.iter().any(|scalar| scalar.is(value)),
            Self::Compare(comparison, bound) => bound.compare(value).is_some_and(|order| comparison.accepts(order)),
        }
    }
}

impl Scalar {
    fn is(&self, value: &Value) -> bool {
        match (self, value) {
            (Self::Null, Value::Null) => true,
            (Self::Bool(a), Value::Bool(b)) => a == b,
            (Self::Number(a), Value::Number(b)) => Number::new(b).is_some_and(|b| a.compare(b).is_eq()),
            (Self::Text(a), Value::String(b)) => a == b,
            _ => false,
        }
    }
}

impl Bound {
    /// How `value` stands to the bound; `None` where it has another type.
    fn compare(&self, value: &Value) -> Option<Ordering> {
        match (self, value) {
            (Self::Number(bound), Value::Number(number)) => Some(Number::new(number)?.compare(*bound)),
            (Self::Text(bound), Value::String(text)) => Some(text.as_str().cmp(bound)),
            _ => None,
        }
    }
}

impl Comparison {
    fn accepts(self, order: Ordering) -> bool {
        match self {
            Self::Greater => order.is_gt(),
            Self::GreaterOrEqual => order.is_ge(),
            Self::Less => order.is_lt(),
            Self::LessOrEqual => order.is_le(),
        }
    }
}
