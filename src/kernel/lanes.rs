//! Loops over slices, four values at a time: the shape of every float kernel.

use super::arch::{F32x4, LANES};

/// Vectors that are folded apart, so that no operation waits for the one before.
const CHAINS: usize = 4;

/// Folds the vectors of `N` slices of the same length: vector `i` into state `i % 4` by `step`, the states at the end by
/// `join`, as `(0 + 1) + (2 + 3)`. Lanes missing in the last vector are `fill`.
#[inline(always)]
pub(crate) fn fold<const N: usize, S: Copy>(
    slices: [&[f32]; N],
    fill: f32,
    init: S,
    step: impl Fn(S, [F32x4; N]) -> S,
    join: impl Fn(S, S) -> S,
) -> S {
    let [mut a, mut b, mut c, mut d] = [init; CHAINS];
    let len = common_len(&slices);
    let blocks = slices.map(|slice| &slice[..len].as_chunks::<{ CHAINS * LANES }>().0[..len / (CHAINS * LANES)]);
    for i in 0..len / (CHAINS * LANES) {
        let vectors = |chain: usize| blocks.map(|blocks| F32x4::load_or(&blocks[i][chain * LANES..], fill));
        a = step(a, vectors(0));
        b = step(b, vectors(1));
        c = step(c, vectors(2));
        d = step(d, vectors(3));
    }
    let mut chains = [a, b, c, d];
    let rest = slices.map(|slice| &slice[len - len % (CHAINS * LANES)..len]);
    for (chain, at) in (0..rest[0].len()).step_by(LANES).enumerate() {
        let vectors = rest.map(|slice| F32x4::load_or(&slice[at..(at + LANES).min(slice.len())], fill));
        chains[chain] = step(chains[chain], vectors);
    }
    let [a, b, c, d] = chains;
    join(join(a, b), join(c, d))
}

/// Replaces the vectors of `x` by what `step` makes of them and of those of `N` more slices of the same length. Lanes missing
/// in the last vector are 0.
#[inline(always)]
pub(crate) fn update<const N: usize>(x: &mut [f32], slices: [&[f32]; N], step: impl Fn(F32x4, [F32x4; N]) -> F32x4) {
    let len = common_len(&slices).min(x.len());
    let whole = len / LANES;
    let (body, rest) = x[..len].as_chunks_mut::<LANES>();
    let body = &mut body[..whole];
    let bodies = slices.map(|slice| &slice[..len].as_chunks::<LANES>().0[..whole]);
    for (i, x) in body.iter_mut().enumerate() {
        *x = step(F32x4::new(*x), bodies.map(|body| F32x4::new(body[i]))).to_array();
    }
    if !rest.is_empty() {
        let vectors = slices.map(|slice| F32x4::load_or(&slice[whole * LANES..len], 0.0));
        step(F32x4::load_or(rest, 0.0), vectors).store(rest);
    }
}

/// [`update`] and [`fold`] in one pass: replaces the vectors of `x` by what `step` makes of them, and folds those by `take`, which
/// sees the same vectors of the slices. What is folded, and in which order, is as in a [`fold`] behind the [`update`].
#[inline(always)]
pub(crate) fn update_fold<const N: usize, S: Copy>(
    x: &mut [f32],
    slices: [&[f32]; N],
    init: S,
    step: impl Fn(F32x4, [F32x4; N]) -> F32x4,
    take: impl Fn(S, F32x4, [F32x4; N]) -> S,
    join: impl Fn(S, S) -> S,
) -> S {
    let [mut a, mut b, mut c, mut d] = [init; CHAINS];
    let len = common_len(&slices).min(x.len());
    let whole = len / (CHAINS * LANES);
    let (body, rest) = x[..len].as_chunks_mut::<{ CHAINS * LANES }>();
    let blocks = slices.map(|slice| &slice[..len].as_chunks::<{ CHAINS * LANES }>().0[..whole]);
    for (i, x) in body[..whole].iter_mut().enumerate() {
        let mut next = |state: S, chain: usize| {
            let at = chain * LANES;
            let vectors = blocks.map(|blocks| F32x4::load_or(&blocks[i][at..], 0.0));
            let new = step(F32x4::load_or(&x[at..], 0.0), vectors);
            new.store(&mut x[at..]);
            take(state, new, vectors)
        };
        a = next(a, 0);
        b = next(b, 1);
        c = next(c, 2);
        d = next(d, 3);
    }
    let mut chains = [a, b, c, d];
    let behind = slices.map(|slice| &slice[whole * CHAINS * LANES..len]);
    for (chain, x) in rest.chunks_mut(LANES).enumerate() {
        let vectors = behind.map(|slice| F32x4::load_or(&slice[chain * LANES..][..x.len()], 0.0));
        step(F32x4::load_or(x, 0.0), vectors).store(x);
        // Lanes that are missing are 0, whatever `step` makes of nothing.
        chains[chain] = take(chains[chain], F32x4::load_or(x, 0.0), vectors);
    }
    let [a, b, c, d] = chains;
    join(join(a, b), join(c, d))
}

fn common_len<const N: usize>(slices: &[&[f32]; N]) -> usize {
    slices.iter().map(|slice| slice.len()).min().unwrap_or(usize::MAX)
}

/// `a += b`, elementwise.
pub(crate) fn add_assign(a: &mut [f32], b: &[f32]) {
    update(a, [b], |a, [b]| a.add(b));
}

/// Dot product of two vectors of the same length.
pub(crate) fn dot(a: &[f32], b: &[f32]) -> f32 {
    fold([a, b], 0.0, F32x4::splat(0.0), |sum, [a, b]| sum.add(a.mul(b)), F32x4::add).sum()
}

#[cfg(test)]
mod tests {
    use super::super::testing::noise;
    use super::*;

    #[test]
    fn every_value_counts_once_at_every_length() {
        for len in 0..=65 {
            let ones = vec![1.0; len];
            assert_eq!(dot(&ones, &ones), len as f32);
            let (mut sum, addend) = (noise(1, len), noise(2, len));
            let expected: Vec<f32> = sum.iter().zip(&addend).map(|(a, b)| a + b).collect();
            add_assign(&mut sum, &addend);
            assert_eq!(sum, expected);
        }
    }

    #[test]
    fn one_pass_does_what_two_do() {
        for len in 0..=65 {
            let (x, addend) = (noise(1, len), noise(2, len));
            let (mut two, mut one) = (x.clone(), x);
            add_assign(&mut two, &addend);
            let zero = F32x4::splat(0.0);
            let expected = fold([&two], 0.0, zero, |sum, [x]| sum.add(x), F32x4::add).to_array();
            let sum = update_fold(&mut one, [&addend], zero, |x, [y]| x.add(y), |sum, x, _| sum.add(x), F32x4::add);
            assert_eq!((one, sum.to_array()), (two, expected), "length {len}");
        }
    }

    #[test]
    fn missing_lanes_are_filled() {
        for len in 1..=17 {
            let x = vec![2.0; len];
            let most = fold([&x], 7.0, F32x4::splat(0.0), |most, [x]| most.max(x), F32x4::max).to_array();
            assert_eq!(most.contains(&7.0), len % LANES > 0, "length {len}");
        }
    }
}
