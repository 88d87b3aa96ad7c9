//! Vectors as integers: those that are searched with 8 bits, the one that is asked for with 16.

use super::error::IndexError;
use crate::kernel::dot;
use crate::normalize;

/// Largest quantized value of a row. -128 is left out, so that a vector and its negative lose the same.
const ROW_LEVEL: f32 = 127.0;

/// Shortest vector that has a direction: [`normalize`] divides by no less.
const MIN_LENGTH: f32 = 1e-12;

/// A vector as 8-bit integers on a grid of its own.
#[derive(Clone, Debug, PartialEq)]
pub struct QuantizedVector {
    /// `values * scale` is about the vector divided by its length.
    pub values: Vec<i8>,
    /// Step of the grid.
    pub scale: f32,
    /// Euclidean length of the vector as it was given.
    pub norm: f32,
    /// Length of the difference between the vector of length 1 and `values * scale`, rounded up.
    pub error: f32,
}

impl QuantizedVector {
    /// Quantizes `vector`.
    ///
    /// # Errors
    /// [`IndexError::NoDirection`] and [`IndexError::NotFinite`].
    pub fn new(vector: &[f32]) -> Result<Self, IndexError> {
        let Unit { values: unit, norm } = Unit::of(vector)?;
        let grid = SymmetricGrid::over(&unit, ROW_LEVEL);
        let values: Vec<i8> = grid.levels(&unit).map(|level| level as i8).collect();
        let error = grid.error(&unit, values.iter().map(|&value| value.into()));
        Ok(Self { values, scale: grid.scale, norm, error })
    }
}

/// A vector that is asked for.
#[derive(Clone, Debug)]
pub struct Query {
    /// The vector, scaled to length 1.
    unit: Vec<f32>,
    /// The same as integers.
    pub(super) levels: Vec<i16>,
    pub(super) scale: f32,
    /// As in [`QuantizedVector`].
    pub(super) error: f32,
}

impl Query {
    /// Prepares `vector`.
    ///
    /// # Errors
    /// [`IndexError::NoDirection`] and [`IndexError::NotFinite`].
    pub fn new(vector: &[f32]) -> Result<Self, IndexError> {
        let Unit { values: unit, .. } = Unit::of(vector)?;
        // Sums of `dim` products with 8-bit values stay within 32 bits.
        let most = i32::MAX as usize / (128 * unit.len());
        let grid = SymmetricGrid::over(&unit, most.clamp(1, i16::MAX as usize) as f32);
        let levels: Vec<i16> = grid.levels(&unit).map(|level| level as i16).collect();
        let error = grid.error(&unit, levels.iter().map(|&level| level.into()));
        Ok(Self { levels, scale: grid.scale, error, unit })
    }

    /// Width of the vector.
    #[must_use]
    pub fn dim(&self) -> usize {
        self.unit.len()
    }

    /// The cosine with `vector`, to the bit what [`semantic_search`](crate::semantic_search) gives. NaN for a vector of another
    /// width.
    #[must_use]
    pub fn score(&self, vector: &[f32]) -> f32 {
        if vector.len() != self.dim() {
            return f32::NAN;
        }
        let mut unit = vector.to_vec();
        normalize(&mut unit);
        dot(&self.unit, &unit)
    }
}

/// A vector of length 1, and the length that it had.
struct Unit {
    values: Vec<f32>,
    norm: f32,
}

impl Unit {
    fn of(vector: &[f32]) -> Result<Self, IndexError> {
        let norm = dot(vector, vector).sqrt();
        if !norm.is_finite() {
            return Err(IndexError::NotFinite);
        }
        if norm < MIN_LENGTH {
            return Err(IndexError::NoDirection);
        }
        let mut values = vector.to_vec();
        normalize(&mut values);
        Ok(Self { values, norm })
    }
}

/// Equal steps around 0.
#[derive(Clone, Copy)]
struct SymmetricGrid {
    scale: f32,
    most: f32,
}

impl SymmetricGrid {
    /// The finest grid with `most` steps on either side that holds all of `unit`, which is not all zeros.
    fn over(unit: &[f32], most: f32) -> Self {
        Self { scale: unit.iter().fold(0.0, |largest: f32, x| largest.max(x.abs())) / most, most }
    }

    fn levels(self, unit: &[f32]) -> impl Iterator<Item = f32> {
        unit.iter().map(move |x| (x / self.scale).round().clamp(-self.most, self.most))
    }

    /// Length of what `levels` lose.
    fn error(self, unit: &[f32], levels: impl Iterator<Item = f64>) -> f32 {
        let scale = f64::from(self.scale);
        let squares = unit.iter().zip(levels).map(|(&x, level)| (f64::from(x) - level * scale).powi(2));
        (squares.sum::<f64>().sqrt() as f32).next_up()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::testing::noise;
    use crate::{SimilarityFunction, similarity};

    #[test]
    fn errors_are_what_is_lost() {
        for len in (1..=65).chain([384]) {
            let vector: Vec<f32> = noise(len as u64, len).iter().map(|x| x * 3.0).collect();
            let QuantizedVector { values, scale, norm, error } =
                QuantizedVector::new(&vector).expect("has a direction");
            let back = values.iter().map(|&value| f32::from(value) * scale);
            let lost = vector.iter().zip(back).map(|(x, y)| (x / norm - y).powi(2)).sum::<f32>().sqrt();
            assert!((lost - error).abs() < 1e-6, "length {len}: {lost}, {error}");
            assert!(values.iter().any(|value| value.unsigned_abs() == 127));
        }
    }

    #[test]
    fn scores_are_those_of_the_exhaustive_search() {
        let (a, b) = (noise(1, 384), noise(2, 384));
        let query = Query::new(&a).expect("has a direction");
        assert_eq!([query.score(&b)], *similarity(&a, &b, 384, SimilarityFunction::Cosine).expect("same width"));
        assert!(query.score(&b[..383]).is_nan());
        assert_eq!(query.dim(), 384);
    }

    #[test]
    fn what_has_no_direction_is_refused() {
        for (vector, expected) in [
            (&[][..], IndexError::NoDirection),
            (&[0.0, -0.0], IndexError::NoDirection),
            (&[1e-20, 0.0], IndexError::NoDirection),
            (&[f32::NAN, 1.0], IndexError::NotFinite),
            (&[f32::NEG_INFINITY, 1.0], IndexError::NotFinite),
            (&[f32::MAX, f32::MAX], IndexError::NotFinite),
        ] {
            assert_eq!(QuantizedVector::new(vector), Err(expected), "{vector:?}");
            assert_eq!(Query::new(vector).map(|query| query.levels), Err(expected), "{vector:?}");
        }
    }

    #[test]
    fn sums_stay_within_32_bits() {
        for dim in [1, 384, 512, 513, 1 << 20] {
            let query = Query::new(&vec![1.0; dim]).expect("has a direction");
            let most = query.levels.iter().map(|&level| i64::from(level) * 128).sum::<i64>();
            assert!(most > 0 && most <= i32::MAX.into(), "{dim}");
        }
    }
}
