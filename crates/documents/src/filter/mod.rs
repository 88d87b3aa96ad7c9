//! Filters: which documents a search looks at, by their [metadata](crate::Document::metadata).
//!
//! A filter is read once ([`Filter::parse`]). What it means is what [`Filter::matches`] does; databases get it in their own language and
//! must agree with that on every document. The language is described in `docs/filters.md`.

mod error;
mod evaluate;
mod number;
mod parse;

pub use error::FilterError;
pub use number::Number;
pub(crate) use number::with_plain_numbers;

/// Most levels of `$and`, `$or`, `$nor` and `$not` in each other.
pub const MAX_FILTER_DEPTH: usize = 16;

/// Most comparisons of a filter: a database reads the metadata of a document anew for each. A value of `$all` is one, a list of `$in` is one.
pub const MAX_FILTER_CONDITIONS: usize = 64;

/// Most values in all lists of a filter.
pub const MAX_FILTER_VALUES: usize = 1000;

/// Most keys in a path such as `a.b.c`: a database joins a table for each.
pub const MAX_FILTER_KEYS: usize = 16;

/// What a document must have.
///
/// Every filter is true or false of a document, never unknown: [`Filter::Not`] holds wherever what is in it does not.
#[derive(Clone, Debug, PartialEq)]
pub enum Filter {
    /// All of these. Of none, it holds for every document.
    And(Vec<Self>),
    /// At least one of these. Of none, it holds for no document.
    Or(Vec<Self>),
    /// Not this.
    Not(Box<Self>),
    /// Something about the values at a path.
    At(Path, Test),
}

/// Where in the metadata values are: a key, or several with dots between.
///
/// `a.b` reaches the value of the key `a.b` itself, and that of the key `b` in the object at `a`, or in each object of the array at `a`. An
/// array in an array is not looked into.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Path(String);

impl Path {
    /// The whole path, which is also the name of a key.
    #[must_use]
    pub fn whole(&self) -> &str {
        &self.0
    }

    /// The keys that lead into objects; nothing where there is no dot.
    #[must_use]
    pub fn nested(&self) -> Option<Vec<&str>> {
        self.0.contains('.').then(|| self.0.split('.').collect())
    }
}

/// What is asked about the values at a path. Of an array, each of its elements is a value; objects, and arrays in it, are like no value.
#[derive(Clone, Debug, PartialEq)]
pub enum Test {
    /// There is something, be it `null` or an empty array.
    Exists,
    /// A value is one of these.
    In(Vec<Scalar>),
    /// A value is on this side of a bound of the same type.
    Compare(Comparison, Bound),
}

/// A value that can be equal to another one.
#[derive(Clone, Debug, PartialEq)]
pub enum Scalar {
    /// `null`, which has to be there: a key that is missing is not `null`.
    Null,
    /// A boolean, which is no number.
    Bool(bool),
    /// A number.
    Number(Number),
    /// A string, equal byte by byte.
    Text(String),
}

/// A value that others are less or greater than.
#[derive(Clone, Debug, PartialEq)]
pub enum Bound {
    /// A number.
    Number(Number),
    /// A string, compared byte by byte, which is by code point.
    Text(String),
}

/// Which side of a bound.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Comparison {
    /// `$gt`
    Greater,
    /// `$gte`
    GreaterOrEqual,
    /// `$lt`
    Less,
    /// `$lte`
    LessOrEqual,
}

impl Comparison {
    /// As SQL and the path language of PostgreSQL write it.
    #[must_use]
    pub fn sign(self) -> &'static str {
        match self {
            Self::Greater => ">",
            Self::GreaterOrEqual => ">=",
            Self::Less => "<",
            Self::LessOrEqual => "<=",
        }
    }
}

#[cfg(test)]
mod tests;
