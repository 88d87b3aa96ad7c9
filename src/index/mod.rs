//! Exact search over vectors that are kept as 8-bit integers.
//!
//! Scanning integers is four times less to read than scanning floats, and what they lose is known: each row carries the length
//! of its rounding error, which bounds what any score can be off by. So a [`Scan`] keeps every row that may be among the best,
//! and scoring those again with their `f32` vectors gives what an exhaustive search gives, to the bit:
//!
//! ```
//! use minilm::index::{Hit, QuantizedVector, Query, Rows, Scan, best};
//!
//! let vectors = [[3.0, 4.0], [4.0, -3.0], [5.0, 12.0]];
//! let rows: Vec<_> = vectors.iter().map(|vector| QuantizedVector::new(vector)).collect::<Result<_, _>>()?;
//! let values: Vec<i8> = rows.iter().flat_map(|row| &row.values).copied().collect();
//! let (scales, errors): (Vec<f32>, Vec<f32>) = rows.iter().map(|row| (row.scale, row.error)).unzip();
//!
//! let query = Query::new(&[0.6, 0.8])?;
//! let mut scan = Scan::new(&query, 1);
//! scan.rows(0, Rows { values: &values, scales: &scales, errors: &errors })?;
//! let hits = scan.candidates().into_iter().map(|index| Hit { index, score: query.score(&vectors[index]) });
//! assert_eq!(best(hits.collect(), 1, None)[0].index, 0);
//! # Ok::<(), minilm::index::IndexError>(())
//! ```
//!
//! The measure is the cosine. Nothing here knows where rows are kept.

mod error;
mod scan;
#[cfg(test)]
mod tests;
mod vector;

pub use crate::hit::{Hit, best};
pub use error::IndexError;
pub use scan::{Rows, Scan};
pub use vector::{QuantizedVector, Query};
