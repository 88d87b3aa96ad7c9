//! What cannot be baked, and what is said about it.

use super::fixtures::{Wasm, component, model, nested};
use crate::{BakeError, bake};

fn refused(wasm: &[u8]) -> BakeError {
    bake(wasm, &model(1000)).expect_err("this is refused")
}

#[test]
fn what_is_no_webassembly() {
    for wasm in [&b""[..], b"\0asm", b"#!/bin/sh\n", &model(1000), b"\0asm\x02\0\0\0"] {
        assert!(matches!(refused(wasm), BakeError::NotWasm));
    }
    let error = refused(&nested(b"\0asm, but no header, and the magic: \x8bminilm\0bake\x01\r\n\xb1"));
    assert!(matches!(error, BakeError::NestedNotWasm { offset: 10 }), "{error}");
}

#[test]
fn a_file_without_a_slot() {
    let none = Wasm { slots: 0, ..Wasm::default() }.module();
    for wasm in [&none[..], &component(&[&none, &none]), &component(&[]), b"\0asm\x01\0\0\0", b"\0asm\x0d\0\x01\0"] {
        let error = refused(wasm);
        assert!(matches!(error, BakeError::NoSlot), "{error}");
    }
}

#[test]
fn a_file_with_several_slots() {
    let two = Wasm { slots: 2, ..Wasm::default() }.module();
    let one = Wasm::default().module();
    for wasm in [&two, &component(&[&two]), &component(&[&one, &one]), &nested(&component(&[&one, &one]))] {
        let error = refused(wasm);
        assert!(matches!(error, BakeError::SeveralSlots { found: 2 }), "{error}");
    }
}

#[test]
fn a_file_with_a_model() {
    let baked = bake(&component(&[&Wasm::default().module()]), &model(1000)).expect("there is a slot");
    let len = model(1000).len();
    let error = refused(&baked);
    assert!(matches!(error, BakeError::AlreadyBaked { len: found } if found as usize == len), "{error}");
    assert!(error.to_string().contains(&format!("already has a model of {len} bytes")));
}

#[test]
fn a_model_that_is_damaged() {
    let wasm = Wasm::default().module();
    let whole = model(1000);
    let mut flipped = whole.clone();
    flipped[whole.len() / 2] ^= 1;
    for model in [&b""[..], b"PK\x03\x04", &whole[..whole.len() - 1], &flipped] {
        let error = bake(&wasm, model).expect_err("the model is damaged");
        assert!(matches!(error, BakeError::Model(_)) && error.to_string().starts_with("the model cannot be used: "));
    }
}

#[test]
fn a_memory_that_cannot_grow() {
    let page = Some(0);
    for (wasm, reason) in [
        (Wasm { memories: 0, ..Wasm::default() }, "has no memory"),
        (Wasm { memories: 2, ..Wasm::default() }, "has several memories"),
        (Wasm { memories: 0, imported: true, ..Wasm::default() }, "imports a memory"),
        (Wasm { memory64: true, ..Wasm::default() }, "has 64-bit addresses"),
        (Wasm { page_size_log2: page, ..Wasm::default() }, "has pages of another size"),
    ] {
        let error = refused(&wasm.module());
        assert!(matches!(error, BakeError::Memory(found) if found == reason), "{error}");
    }
}

#[test]
fn a_memory_of_more_than_4_gib() {
    let pages = model(1000).len().div_ceil(1 << 16) as u64;
    assert!(bake(&Wasm { pages: 65_536 - pages, ..Wasm::default() }.module(), &model(1000)).is_ok());
    for (before, needed) in [(65_536, (65_536 + pages) << 16), (u64::MAX, u64::MAX)] {
        let error = refused(&Wasm { pages: before, ..Wasm::default() }.module());
        assert!(matches!(error, BakeError::TooLarge { needed: found } if found == needed), "{error}");
    }
}

#[test]
fn a_slot_that_is_cut_off() {
    for slot_len in 16..24 {
        let error = refused(&Wasm { slot_len, ..Wasm::default() }.module());
        assert!(matches!(error, BakeError::SlotCutOff { .. }), "{error}");
    }
}

#[test]
fn components_that_are_nested_without_end() {
    let mut wasm = component(&[&Wasm::default().module()]);
    for _ in 0..500 {
        wasm = nested(&wasm);
    }
    let error = refused(&wasm);
    assert!(matches!(error, BakeError::TooDeep { limit: 32 }), "{error}");
}
