//! Every backend against the scalar one, to the bit, on lengths around every block.

use super::super::testing::noise;
use super::{
    BLOCK, DotKernel, F32x4, I32x4, LANE_SUM, LANES, PANEL, PanelBuffer, Step, dot_i8, dot_i16, scalar, spread,
};

/// Activations 0..=127 and weights -64..=64, the extremes among them: sums of four stay within 16 bits.
pub(super) fn operands(seed: u64, len: usize) -> (Vec<Step>, Vec<i8>) {
    let x: Vec<u8> = noise(seed, len).iter().map(|x| ((x + 1.0) * 64.0) as u8).map(|x| x.min(127)).collect();
    let x = x.as_chunks().0.iter().flat_map(|&values| spread(values)).collect();
    let w = noise(seed + 1, len * PANEL).iter().map(|w| (w * 64.9) as i8).collect();
    (x, w)
}

/// What both backends make of the same operands, as plain numbers.
fn dots<const ROWS: usize>(rows: [&[Step]; ROWS], panel: &[i8]) -> [[[f32; PANEL]; ROWS]; 2] {
    let mut found = [[I32x4::splat(-1); 2]; ROWS];
    let mut expected = [[scalar::I32x4::splat(-1); 2]; ROWS];
    let mut buffer: PanelBuffer = Default::default();
    DotKernel::probe().dot_u8(rows, buffer.unpack(panel), &mut found);
    scalar::dot_u8(rows, panel, &mut expected);
    let found = found.map(|sums| joined(sums.map(|half| half.to_f32().to_array())));
    [found, expected.map(|sums| joined(sums.map(|half| half.to_f32().to_array())))]
}

/// The same for the 16-bit product.
fn dots_i16<const ROWS: usize>(rows: [&[i16]; ROWS], panel: &[i16]) -> [[[f32; PANEL]; ROWS]; 2] {
    let mut found = [[F32x4::splat(-1.0); 2]; ROWS];
    let mut expected = [[scalar::F32x4::splat(-1.0); 2]; ROWS];
    dot_i16(rows, panel, &mut found);
    scalar::dot_i16(rows, panel, &mut expected);
    let found = found.map(|sums| joined(sums.map(F32x4::to_array)));
    [found, expected.map(|sums| joined(sums.map(scalar::F32x4::to_array)))]
}

fn joined([low, high]: [[f32; LANES]; 2]) -> [f32; PANEL] {
    std::array::from_fn(|i| if i < LANES { low[i] } else { high[i - LANES] })
}

fn check<const ROWS: usize>(len: usize) {
    let (_, panel) = operands(1, len);
    let rows: [Vec<Step>; ROWS] = std::array::from_fn(|row| operands(row as u64 + 7, len).0);
    let rows: [&[Step]; ROWS] = std::array::from_fn(|row| &rows[row][..]);
    let [found, expected] = dots(rows, &panel);
    assert_eq!(found, expected, "{ROWS} rows of {len}");

    let wide = |x: &f32| (x * 8191.0) as i16;
    let panel: Vec<i16> = noise(2, len * PANEL).iter().map(wide).collect();
    let rows: [Vec<i16>; ROWS] = std::array::from_fn(|row| noise(row as u64, len).iter().map(wide).collect());
    let rows: [&[i16]; ROWS] = std::array::from_fn(|row| &rows[row][..]);
    let [found, expected] = dots_i16(rows, &panel);
    assert_eq!(found, expected, "{ROWS} rows of {len}");
}

#[test]
fn dot_products_match_the_specification() {
    for len in (0..=16).map(|blocks| BLOCK * blocks).chain([384, 1536]) {
        check::<1>(len);
        check::<2>(len);
        check::<3>(len);
        check::<4>(len);
    }
}

#[test]
fn dot_products_are_exact_at_the_extremes() {
    for weights in [[127, 127, 2, -2], [-128, -128, -1, -1], [64; 4]] {
        // The weights that share a lane are those of inputs 0, 1, 4 and 5, and 2, 3, 6 and 7.
        let [a, b, c, d] = weights;
        assert!(weights.iter().map(|&w| i32::from(w).abs()).sum::<i32>() <= LANE_SUM);
        let panel: Vec<i8> = [[a, b, a, b]; PANEL].concat().into_iter().chain([[c, d, c, d]; PANEL].concat()).collect();
        let [found, expected] = dots([&spread([127; 8]).repeat(1536 / 8)], &panel.repeat(1536 / 8));
        let sum = 127 * 1536 / 4 * weights.iter().map(|&w| i32::from(w)).sum::<i32>();
        assert_eq!([found, expected], [[[sum as f32; PANEL]]; 2]);
    }
    let found = dots_i16([&[8191; 32][..]], &[-8191; 32 * PANEL]);
    assert_eq!(found, [[[(-8191 * 8191 * 32) as f32; PANEL]]; 2]);
}

#[test]
fn products_of_search_match_the_specification() {
    for len in (0..=65).chain([384]) {
        for rows in 0..=9 {
            let query: Vec<i16> = noise(1, len).iter().map(|x| (x * 16383.0) as i16).collect();
            let values: Vec<i8> = noise(2, rows * len).iter().map(|x| (x * 128.0) as i8).collect();
            let [mut found, mut expected] = [vec![0; rows], vec![0; rows]];
            dot_i8(&query, &values, &mut found);
            scalar::dot_i8(&query, &values, &mut expected);
            assert_eq!(found, expected, "{rows} rows of {len}");
        }
    }
}

#[test]
fn products_of_search_are_exact_at_the_extremes() {
    let most = (i32::MAX / (128 * 384)).min(i16::MAX.into()) as i16;
    for (x, y) in [(-128, -most), (-128, most), (127, most)] {
        let mut found = [0; 5];
        dot_i8(&[y; 384], &[x; 5 * 384], &mut found);
        assert_eq!(found, [i32::from(x) * i32::from(y) * 384; 5]);
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
            assert_eq!(lanes(x.round_to_i32().to_f32()), expected(u.round_to_i32().to_f32()), "{a}");
            assert_eq!(u.round_to_i32(), scalar::I32x4::splat(a.round_ties_even() as i32), "{a}");
            assert_eq!(lanes(x.round()), expected(u.round()), "{a}");
            assert_eq!(lanes(x.exp2_int()), expected(u.exp2_int()), "{a}");
        }
    }
}
