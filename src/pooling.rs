//! Token vectors to one sentence vector.

use crate::config::Pooling;
use crate::kernel::{add_assign, max_assign};

/// Pools `tokens` `[n_tokens, out.len()]` into `out`. The vector of no tokens is zero.
#[inline(never)]
pub(crate) fn pool(pooling: Pooling, tokens: &[f32], out: &mut [f32]) {
    let dim = out.len();
    let Some(first) = tokens.get(..dim) else {
        return out.fill(0.0);
    };
    out.copy_from_slice(first);
    let others = tokens.chunks_exact(dim).skip(1);
    match pooling {
        Pooling::Cls => {}
        Pooling::Max => others.for_each(|token| max_assign(out, token)),
        Pooling::Mean | Pooling::MeanSqrtLen => {
            others.for_each(|token| add_assign(out, token));
            let n_tokens = (tokens.len() / dim) as f32;
            let divisor = if pooling == Pooling::Mean { n_tokens } else { n_tokens.sqrt() };
            out.iter_mut().for_each(|x| *x /= divisor);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn follows_the_definitions() {
        let tokens = [1.0, -2.0, 3.0, 4.0, 5.0, -9.0, -2.0, 0.0, 0.0, 1.0, 1.0, 2.0];
        for (pooling, expected) in [
            (Pooling::Cls, [1.0, -2.0, 3.0]),
            (Pooling::Max, [4.0, 5.0, 3.0]),
            (Pooling::Mean, [1.0, 1.0, -1.0]),
            (Pooling::MeanSqrtLen, [2.0, 2.0, -2.0]),
        ] {
            let mut out = [0.0; 3];
            pool(pooling, &tokens, &mut out);
            assert_eq!(out, expected, "{pooling:?}");
            pool(pooling, &[], &mut out);
            assert_eq!(out, [0.0; 3], "{pooling:?}");
        }
    }
}
