//! Files that are damaged in any way are baked or refused, and nothing panics.

use super::fixtures::{Wasm, component, model, nested};
use crate::bake;

/// A module, and components with it in the middle.
fn files() -> [Vec<u8>; 3] {
    let module = Wasm { data_count: true, maximum: Some(100), ..Wasm::default() }.module();
    let component = component(&[&module, &Wasm { slots: 0, ..Wasm::default() }.module()]);
    let nested = nested(&component);
    [module, component, nested]
}

#[test]
fn every_truncation_is_refused_or_baked() {
    let model = model(1000);
    for file in files() {
        // Behind the module with the slot, a file may end after any section.
        let baked = (0..file.len()).filter(|&len| bake(&file[..len], &model).is_ok()).count();
        assert!(baked <= 2, "{baked} truncations were baked");
    }
}

#[test]
fn changed_bits_and_bytes_are_refused_or_baked() {
    let model = model(1000);
    let mut random = fastrand::Rng::with_seed(13);
    for file in files() {
        let mut refused = 0;
        for bit in 0..file.len() * 8 {
            let mut changed = file.clone();
            changed[bit / 8] ^= 1 << (bit % 8);
            refused += usize::from(bake(&changed, &model).is_err());
        }
        assert!(refused > 0);
        for _ in 0..2000 {
            let mut changed = file.clone();
            for _ in 0..random.usize(1..8) {
                let at = random.usize(..changed.len());
                changed[at] = random.u8(..);
            }
            // Sections repeated, out of order or cut in two.
            if random.bool() {
                let (from, to) = (random.usize(8..changed.len()), random.usize(8..changed.len()));
                let moved: Vec<u8> = changed.drain(from.min(to)..from.max(to)).collect();
                let at = random.usize(8..=changed.len());
                changed.splice(at..at, moved.repeat(random.usize(0..3)));
            }
            let _ = bake(&changed, &model);
        }
    }
}
