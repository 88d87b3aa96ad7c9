//! How fast the engine multiplies when it has nothing else to do: what the kernels are measured against.
#![allow(unsafe_code)]

use core::arch::wasm32::*;

/// Sums that are worked on at the same time: enough that none waits for its own result, few enough to stay in registers.
const CHAINS: usize = 10;

/// The instructions of the split dot product on registers alone, `iterations` times. Returns the multiply-accumulates.
pub fn peak(iterations: u32) -> f64 {
    let [w, x] = std::hint::black_box([[3_i8; 16], [5; 16]]);
    // SAFETY: both are 16 readable bytes, and v128_load has no alignment requirement.
    let (w, x) = unsafe { (v128_load(w.as_ptr().cast()), v128_load(x.as_ptr().cast())) };
    let ones = i16x8_splat(1);
    let mut sums = [x; CHAINS];
    for _ in 0..iterations {
        for sum in &mut sums {
            // Each step depends on the last one, or it would be moved out of the loop.
            let dot = |w: v128| i16x8_relaxed_dot_i8x16_i7x16(w, *sum);
            *sum = i32x4_add(*sum, i32x4_dot_i16x8(i16x8_add(dot(w), dot(x)), ones));
        }
    }
    std::hint::black_box(sums.map(|sum| i32x4_extract_lane::<0>(sum)));
    f64::from(iterations) * (CHAINS * 2 * 16) as f64
}
