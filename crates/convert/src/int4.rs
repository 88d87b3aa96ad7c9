//! Embedding rows as 4-bit integers. A value is the scale of its row, times the multiplier of its group, times its own integer.
//!
//! The largest value of a group falls on -8, of which there is no positive counterpart: signs of multipliers and scales are free.
//! Scales and multipliers are tried, and those of the smallest squared error are taken. The figures behind the choices are in
//! `docs/decisions/0032-int6-e4.md`.

use minilm::format::{Bf16, INT4_GROUP, pack_int4};

/// The integer, and the multiplier, of the largest magnitude.
const LARGEST: f32 = -8.0;

/// Scales that are tried, as shares of the one at which the largest value of a row just fits: a smaller one cuts it off, and has finer
/// steps for all others.
const SHARES: [f32; 8] = [1.0, 0.96, 0.92, 0.88, 0.84, 0.8, 0.76, 0.72];

/// How far from the multiplier at which the largest value of a group just fits others are tried.
const REACH: i8 = 2;

/// Rows of values, as a packed file has them.
#[derive(Default)]
pub(super) struct Int4Rows {
    pub(super) values: Vec<u8>,
    pub(super) multipliers: Vec<u8>,
    pub(super) scales: Vec<Bf16>,
}

impl Int4Rows {
    /// Quantizes rows of `len` values.
    pub(super) fn of(values: &[f32], len: usize) -> Self {
        let mut rows = Self::default();
        for row in values.chunks_exact(len).map(Row::of) {
            rows.values.extend(pack_int4(&row.values));
            rows.multipliers.extend(pack_int4(&row.multipliers));
            rows.scales.push(row.scale);
        }
        rows
    }
}

/// One row, and how far it is from what it was made of.
struct Row {
    values: Vec<i8>,
    multipliers: Vec<i8>,
    scale: Bf16,
    /// Sum of the squared differences.
    error: f32,
}

impl Row {
    fn of(row: &[f32]) -> Self {
        let full = largest(row) / (LARGEST * LARGEST);
        let tried = SHARES.iter().map(|share| Self::with_scale(row, nearest(full * share)));
        tried.min_by(|a, b| a.error.total_cmp(&b.error)).expect("there are shares")
    }

    fn with_scale(row: &[f32], scale: Bf16) -> Self {
        let mut found = Self { values: Vec::with_capacity(row.len()), multipliers: Vec::new(), scale, error: 0.0 };
        for group in row.chunks(INT4_GROUP) {
            let (multiplier, error) = multiplier(group, scale.into());
            found.multipliers.push(multiplier);
            found.error += error;
            found.values.extend(levels(group, f32::from(scale) * f32::from(multiplier)));
        }
        found
    }
}

/// The multiplier of the smallest error, and that error.
fn multiplier(group: &[f32], scale: f32) -> (i8, f32) {
    // Of a row of zeros this is no number, which becomes 0.
    let fitting = (largest(group) / (LARGEST * scale)).round_ties_even().clamp(-8.0, 7.0) as i8;
    let error = |multiplier: i8| {
        let step = scale * f32::from(multiplier);
        let pairs = group.iter().zip(levels(group, step));
        pairs.map(|(x, level)| x - step * f32::from(level)).map(|difference| difference * difference).sum::<f32>()
    };
    let tried = (fitting - REACH..=fitting + REACH).filter(|multiplier| (-8..=7).contains(multiplier));
    let tried = tried.map(|multiplier| (multiplier, error(multiplier)));
    tried.min_by(|a, b| a.1.total_cmp(&b.1)).expect("the fitting one is tried")
}

/// The nearest integers in steps of `step`.
fn levels(values: &[f32], step: f32) -> impl Iterator<Item = i8> {
    let reciprocal = if step.is_normal() { 1.0 / step } else { 0.0 };
    // Without a call for each rounding: from 0.5 on, cutting off is rounding.
    values.iter().map(move |x| (x * reciprocal + 8.5).clamp(0.0, 15.0) as i8 - 8)
}

/// The value of the largest magnitude, with its sign.
fn largest(values: &[f32]) -> f32 {
    values.iter().fold(0.0, |largest: f32, &x| if x.abs() > largest.abs() { x } else { largest })
}

/// The nearest 16-bit float of a finite one.
fn nearest(x: f32) -> Bf16 {
    Bf16((x.to_bits().saturating_add(1 << 15) >> 16) as u16)
}

#[cfg(test)]
mod tests {
    use minilm::format::{int4_len, unpack_int4};

    use super::*;

    /// The values that rows stand for, as the core reads them.
    fn values(rows: &Int4Rows, len: usize) -> Vec<f32> {
        let groups = int4_len(len.div_ceil(INT4_GROUP));
        let parts =
            rows.values.chunks_exact(int4_len(len)).zip(rows.multipliers.chunks_exact(groups)).zip(&rows.scales);
        let row = |((row, multipliers), &scale): ((_, _), &Bf16)| {
            let multipliers: Vec<i8> = unpack_int4(multipliers).collect();
            let value = move |(i, q): (usize, i8)| f32::from(scale) * f32::from(multipliers[i / INT4_GROUP] * q);
            unpack_int4(row).take(len).enumerate().map(value).collect::<Vec<_>>()
        };
        parts.flat_map(row).collect()
    }

    /// Sums of twelve uniform numbers, close to a normal distribution.
    fn normal(count: usize) -> Vec<f32> {
        let mut state = 1_u64;
        let mut uniform = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 40) as f32 / (1 << 24) as f32 - 0.5
        };
        (0..count).map(|_| (0..12).map(|_| uniform()).sum()).collect()
    }

    fn decibels(values: &[f32], found: &[f32]) -> f32 {
        let power = |values: &mut dyn Iterator<Item = f32>| values.map(|x| x * x).sum::<f32>();
        let error = power(&mut values.iter().zip(found).map(|(a, b)| a - b));
        10.0 * (power(&mut values.iter().copied()) / error).log10()
    }

    #[test]
    fn normal_values_keep_21_decibels_in_rows_of_any_length() {
        for (len, least) in [(384, 21.0), (32, 21.0), (33, 21.0), (100, 21.0), (31, 21.0), (16, 21.0), (1, 40.0)] {
            let values_ = normal(len * 64);
            let rows = Int4Rows::of(&values_, len);
            assert_eq!(rows.values.len(), 64 * len.div_ceil(2));
            assert_eq!(rows.multipliers.len(), 64 * len.div_ceil(32).div_ceil(2));
            let found = decibels(&values_, &values(&rows, len));
            assert!(found > least, "rows of {len}: {found}");
        }
    }

    /// A value far from the others costs its own group, and no other one much.
    #[test]
    fn an_outlier_stays_in_its_group() {
        let mut row = normal(384);
        for outlier in [10.0, -10.0] {
            row[40] = outlier;
            let found = values(&Int4Rows::of(&row, 384), 384);
            assert!((found[40] - outlier).abs() < 1.5, "{}", found[40]);
            let rest = |values: &[f32]| [&values[..32], &values[64..]].concat();
            assert!(decibels(&rest(&row), &rest(&found)) > 17.0);
        }
    }

    #[test]
    fn both_signs_use_the_whole_range() {
        for sign in [1.0, -1.0] {
            let row: Vec<f32> = (-8..8).map(|q| sign * f32::from(q as i8)).collect();
            let rows = Int4Rows::of(&row, 16);
            assert_eq!(values(&rows, 16), row);
        }
    }

    #[test]
    fn rows_at_the_ends_of_the_range_are_harmless() {
        for x in [0.0, -0.0, 1e-45, f32::MIN_POSITIVE / 2.0] {
            assert!(values(&Int4Rows::of(&[x; 40], 40), 40).iter().all(|&found| found.abs() <= f32::MIN_POSITIVE));
        }
        let rows = Int4Rows::of(&[f32::MAX / 2.0; 40], 40);
        assert!(values(&rows, 40).iter().all(|x| x.is_finite()));
    }
}
