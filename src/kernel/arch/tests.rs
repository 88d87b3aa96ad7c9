//! Every backend against the scalar one, to the bit, on lengths around every block.

use super::super::testing::noise;
use super::{F32x4, PANEL, dot_tile, scalar};

/// Activations 0..=127 and weights -128..=127, the extremes among them.
fn operands(seed: u64, len: usize) -> (Vec<u8>, Vec<i8>) {
    let x = noise(seed, len).iter().map(|x| ((x + 1.0) * 64.0) as u8).map(|x| x.min(127)).collect();
    let w = noise(seed + 1, len * PANEL).iter().map(|w| (w * 128.5) as i8).collect();
    (x, w)
}

fn check<const ROWS: usize>(len: usize) {
    let (_, panel) = operands(1, len);
    let rows: [Vec<u8>; ROWS] = std::array::from_fn(|row| operands(row as u64 + 7, len).0);
    let rows: [&[u8]; ROWS] = std::array::from_fn(|row| &rows[row][..]);
    assert_eq!(dot_tile(rows, &panel), scalar::dot_tile(rows, &panel), "{ROWS} rows of {len}");
}

#[test]
fn dot_products_match_the_specification() {
    for len in (0..=64).map(|steps| 4 * steps).chain([384, 1536]) {
        check::<1>(len);
        check::<4>(len);
    }
}

#[test]
fn dot_products_are_exact_at_the_extremes() {
    for weight in [-128, 127] {
        let found = dot_tile([&[127; 1536][..]], &[weight; 1536 * PANEL]);
        assert_eq!(found, [[127 * 1536 * i32::from(weight); PANEL]]);
    }
}

#[test]
fn vectors_match_the_specification() {
    let awkward = [0.0, -0.0, 1.0, -1.5, 0.5, 2.5, 126.5, -125.49, 3e38, 1e-40, f32::INFINITY, f32::NEG_INFINITY];
    let lanes = |x: F32x4| x.to_array().map(f32::to_bits);
    let expected = |x: scalar::F32x4| x.to_array().map(f32::to_bits);
    for a in awkward {
        for b in awkward {
            let (x, y) = (F32x4::splat(a), F32x4::new([b, a, 1.0, -2.0]));
            let (u, v) = (scalar::F32x4::splat(a), scalar::F32x4::new([b, a, 1.0, -2.0]));
            assert_eq!(lanes(x.min(y)), expected(u.min(v)), "min({a}, {b})");
            assert_eq!(lanes(x.max(y)), expected(u.max(v)), "max({a}, {b})");
            if a.is_finite() && b.is_finite() && b != 0.0 {
                assert_eq!(lanes(x.add(y)), expected(u.add(v)), "{a} + {b}");
                assert_eq!(lanes(x.sub(y)), expected(u.sub(v)), "{a} - {b}");
                assert_eq!(lanes(x.mul(y)), expected(u.mul(v)), "{a} * {b}");
                if a != 0.0 {
                    assert_eq!(lanes(x.div(y)), expected(u.div(v)), "{a} / {b}");
                }
            }
        }
        if a.abs() < 127.0 {
            let (x, u) = (F32x4::splat(a), scalar::F32x4::splat(a));
            assert_eq!(x.round_to_i32(), u.round_to_i32(), "{a}");
            assert_eq!(x.round_to_i32(), [a.round_ties_even() as i32; 4], "{a}");
            assert_eq!(lanes(x.round()), expected(u.round()), "{a}");
            assert_eq!(lanes(x.exp2_int()), expected(u.exp2_int()), "{a}");
        }
    }
}
