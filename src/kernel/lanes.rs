//! Loops over slices, four values at a time: the shape of every float kernel.

use super::arch::{F32x4, LANES};

/// Vectors that are folded apart, so that no operation waits for the one before.
const CHAINS: usize = 4;

/// Values that all chains take together.
const BLOCK: usize = CHAINS * LANES;

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
    let len = common_len(&slices);
    let blocks = slices.map(|slice| &slice[..len].as_chunks::<BLOCK>().0[..len / BLOCK]);
    let mut chains = [init; CHAINS];
    fold_chains::<0, N, S>(blocks, &mut chains, &step);
    fold_chains::<2, N, S>(blocks, &mut chains, &step);
    if !len.is_multiple_of(BLOCK) {
        fold_rest(slices.map(|slice| &slice[len - len % BLOCK..len]), fill, &mut chains, &step);
    }
    let [a, b, c, d] = chains;
    join(join(a, b), join(c, d))
}

/// Chains `FIRST` and the next of a fold over whole blocks. Two at a time, in a function of their own: with more values alive, or
/// with calls around, the states would be spilled in every round (see `arch::wasm_sums`).
#[inline(never)]
fn fold_chains<const FIRST: usize, const N: usize, S: Copy>(
    blocks: [&[[f32; BLOCK]]; N],
    chains: &mut [S; CHAINS],
    step: &impl Fn(S, [F32x4; N]) -> S,
) {
    let len = blocks.iter().map(|blocks| blocks.len()).min().unwrap_or(0);
    let blocks = blocks.map(|blocks| &blocks[..len]);
    let [mut a, mut b] = [chains[FIRST], chains[FIRST + 1]];
    for i in 0..len {
        let vectors = |chain: usize| blocks.map(|blocks| vector(&blocks[i], chain));
        a = step(a, vectors(FIRST));
        b = step(b, vectors(FIRST + 1));
    }
    (chains[FIRST], chains[FIRST + 1]) = (a, b);
}

/// What is left behind the whole blocks.
#[inline(never)]
fn fold_rest<const N: usize, S: Copy>(
    rest: [&[f32]; N],
    fill: f32,
    chains: &mut [S; CHAINS],
    step: &impl Fn(S, [F32x4; N]) -> S,
) {
    for (chain, at) in (0..rest[0].len()).step_by(LANES).enumerate() {
        let vectors = rest.map(|slice| F32x4::load_or(&slice[at..(at + LANES).min(slice.len())], fill));
        chains[chain] = step(chains[chain], vectors);
    }
}

/// The vector of a block that belongs to a chain.
#[inline(always)]
fn vector(block: &[f32; BLOCK], chain: usize) -> F32x4 {
    F32x4::new(block.as_chunks::<LANES>().0[chain])
}

/// Replaces the vectors of `x` by what `step` makes of them and of those of `N` more slices of the same length. Lanes missing
/// in the last vector are 0.
#[inline(always)]
pub(crate) fn update<const N: usize>(x: &mut [f32], slices: [&[f32]; N], step: impl Fn(F32x4, [F32x4; N]) -> F32x4) {
    let len = common_len(&slices).min(x.len());
    let whole = len / LANES;
    let (body, rest) = x[..len].as_chunks_mut::<LANES>();
    update_vectors(&mut body[..whole], slices.map(|slice| &slice[..len].as_chunks::<LANES>().0[..whole]), &step);
    if !rest.is_empty() {
        let vectors = slices.map(|slice| F32x4::load_or(&slice[whole * LANES..len], 0.0));
        step(F32x4::load_or(rest, 0.0), vectors).store(rest);
    }
}

/// An [`update`] of whole vectors.
#[inline(never)]
fn update_vectors<const N: usize>(
    x: &mut [[f32; LANES]],
    slices: [&[[f32; LANES]]; N],
    step: &impl Fn(F32x4, [F32x4; N]) -> F32x4,
) {
    let slices = slices.map(|slice| &slice[..x.len()]);
    for (i, x) in x.iter_mut().enumerate() {
        *x = step(F32x4::new(*x), slices.map(|slice| F32x4::new(slice[i]))).to_array();
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
    let len = common_len(&slices).min(x.len());
    let whole = len / BLOCK;
    let (body, rest) = x[..len].as_chunks_mut::<BLOCK>();
    let body = &mut body[..whole];
    let blocks = slices.map(|slice| &slice[..len].as_chunks::<BLOCK>().0[..whole]);
    let mut chains = [init; CHAINS];
    update_fold_chains::<0, N, S>(body, blocks, &mut chains, &step, &take);
    update_fold_chains::<2, N, S>(body, blocks, &mut chains, &step, &take);
    if !rest.is_empty() {
        let behind = slices.map(|slice| &slice[whole * BLOCK..len]);
        update_fold_rest(rest, behind, &mut chains, &step, &take);
    }
    let [a, b, c, d] = chains;
    join(join(a, b), join(c, d))
}

/// As [`fold_chains`].
#[inline(never)]
fn update_fold_chains<const FIRST: usize, const N: usize, S: Copy>(
    x: &mut [[f32; BLOCK]],
    blocks: [&[[f32; BLOCK]]; N],
    chains: &mut [S; CHAINS],
    step: &impl Fn(F32x4, [F32x4; N]) -> F32x4,
    take: &impl Fn(S, F32x4, [F32x4; N]) -> S,
) {
    let blocks = blocks.map(|blocks| &blocks[..x.len()]);
    let [mut a, mut b] = [chains[FIRST], chains[FIRST + 1]];
    for (i, x) in x.iter_mut().enumerate() {
        let mut next = |state: S, chain: usize| {
            let vectors = blocks.map(|blocks| vector(&blocks[i], chain));
            let new = step(vector(x, chain), vectors);
            x.as_chunks_mut::<LANES>().0[chain] = new.to_array();
            take(state, new, vectors)
        };
        a = next(a, FIRST);
        b = next(b, FIRST + 1);
    }
    (chains[FIRST], chains[FIRST + 1]) = (a, b);
}

/// As [`fold_rest`].
#[inline(never)]
fn update_fold_rest<const N: usize, S: Copy>(
    x: &mut [f32],
    behind: [&[f32]; N],
    chains: &mut [S; CHAINS],
    step: &impl Fn(F32x4, [F32x4; N]) -> F32x4,
    take: &impl Fn(S, F32x4, [F32x4; N]) -> S,
) {
    for (chain, x) in x.chunks_mut(LANES).enumerate() {
        let vectors = behind.map(|slice| F32x4::load_or(&slice[chain * LANES..][..x.len()], 0.0));
        step(F32x4::load_or(x, 0.0), vectors).store(x);
        // Lanes that are missing are 0, whatever `step` makes of nothing.
        chains[chain] = take(chains[chain], F32x4::load_or(x, 0.0), vectors);
    }
}

fn common_len<const N: usize>(slices: &[&[f32]; N]) -> usize {
    slices.iter().map(|slice| slice.len()).min().unwrap_or(usize::MAX)
}

/// `a += b`, elementwise.
pub(crate) fn add_assign(a: &mut [f32], b: &[f32]) {
    update(a, [b], |a, [b]| a.add(b));
}

/// `a = max(a, b)`, elementwise.
pub(crate) fn max_assign(a: &mut [f32], b: &[f32]) {
    update(a, [b], |a, [b]| a.max(b));
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
