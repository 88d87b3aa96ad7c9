//! Numbers, compared by value.

use std::cmp::Ordering;

use serde_json::Value;

/// 2^63, the first float above all integers.
const END: f64 = 9_223_372_036_854_775_808.0;

/// A number of JSON: an integer of 64 bits, or else a float. One that could be both is an integer, so every value has one form.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Number {
    /// A whole number from -2^63 to 2^63 - 1.
    Int(i64),
    /// Any other finite number.
    Float(f64),
}

impl Number {
    /// The number that is compared for `number`. Integers out of range are the next float.
    pub(super) fn new(number: &serde_json::Number) -> Option<Self> {
        if let Some(integer) = number.as_i64() {
            return Some(Self::Int(integer));
        }
        let float = number.as_f64().filter(|float| float.is_finite())?;
        let is_integer = float.trunc() == float && (-END..END).contains(&float);
        Some(if is_integer { Self::Int(float as i64) } else { Self::Float(float) })
    }

    /// Which of the two is greater, with no digit lost between integers and floats.
    pub(super) fn compare(self, other: Self) -> Ordering {
        match (self, other) {
            (Self::Int(a), Self::Int(b)) => a.cmp(&b),
            (Self::Float(a), Self::Float(b)) => a.total_cmp(&b),
            (Self::Int(a), Self::Float(b)) => against(a, b),
            (Self::Float(a), Self::Int(b)) => against(b, a).reverse(),
        }
    }
}

/// An integer against a float that is none.
fn against(integer: i64, float: f64) -> Ordering {
    if float.abs() >= END {
        return if float > 0.0 { Ordering::Less } else { Ordering::Greater };
    }
    // It has a fraction, so it is below 2^53. Integers are exact up to there, and stay on their side beyond.
    (integer as f64).total_cmp(&float)
}

impl From<Number> for Value {
    fn from(number: Number) -> Self {
        match number {
            Number::Int(integer) => integer.into(),
            Number::Float(float) => float.into(),
        }
    }
}

/// `value` with every number in the form in which it is compared, so that databases need not know the rules of [`Number`].
pub(crate) fn with_plain_numbers(value: Value) -> Value {
    match value {
        Value::Number(number) => Number::new(&number).map_or(Value::Number(number), Value::from),
        Value::Array(items) => items.into_iter().map(with_plain_numbers).collect(),
        Value::Object(fields) => fields
            .into_iter()
            .map(|(name, value)| (name, with_plain_numbers(value)))
            .collect::<serde_json::Map<_, _>>()
            .into(),
        other => other,
    }
}
