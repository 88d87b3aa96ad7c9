//! Vectors of length one.

use crate::kernel::dot;

/// Smallest length that a vector is divided by, as in `torch.nn.functional.normalize`.
const MIN_LENGTH: f32 = 1e-12;

/// Divides `vector` by its Euclidean length, but by no less than 1e-12: a vector of zeros stays as it is.
#[inline(never)]
pub fn normalize(vector: &mut [f32]) {
    let length = dot(vector, vector).sqrt().max(MIN_LENGTH);
    vector.iter_mut().for_each(|x| *x /= length);
}
