//! What an index refuses.

/// What is wrong with a vector or with rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum IndexError {
    /// A vector has no direction: no values, or all of them 0.
    #[error("the vector has a length of 0, so that it has a cosine with no other")]
    NoDirection,
    /// A vector holds a NaN or an infinity, or values whose squares are infinite.
    #[error("the vector is not finite")]
    NotFinite,
    /// The slices of [`Rows`](super::Rows) do not belong together.
    #[error("rows of {dim} values do not fit: there are {values} values, {scales} scales and {errors} errors")]
    Shape {
        /// Width of the query.
        dim: usize,
        /// Values of all rows.
        values: usize,
        /// Scales of all rows.
        scales: usize,
        /// Errors of all rows.
        errors: usize,
    },
    /// The scale or the error of a row is none that [`QuantizedVector`](super::QuantizedVector) gives.
    #[error("row {0} is damaged: its scale or error is not a number in range")]
    Row(usize),
}
