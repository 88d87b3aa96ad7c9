//! Baking into small modules and components made here; real components are baked by the tests that run them.

mod fixtures;
mod hostile;
mod refused;

use wasmparser::{Parser, Payload, Validator, WasmFeatures};
use wasmtime::{Engine, Instance, Module, Store};

use fixtures::{SLOT_ADDRESS, Wasm, component, model, nested};

use super::bake;

/// The two numbers behind the magic of the slot in `memory`.
fn slot(memory: &[u8]) -> (usize, usize) {
    let number = |at: usize| u32::from_le_bytes(memory[at..at + 4].try_into().expect("four bytes")) as usize;
    (number(SLOT_ADDRESS + 16), number(SLOT_ADDRESS + 20))
}

/// What `wasm` has in its memory when it starts, and how many pages may be added.
fn memory(wasm: &[u8]) -> (Vec<u8>, Option<u64>) {
    let engine = Engine::default();
    let module = Module::new(&engine, wasm).expect("the module is valid");
    let mut store = Store::new(&engine, ());
    let instance = Instance::new(&mut store, &module, &[]).expect("nothing is imported");
    let memory = instance.get_memory(&mut store, "memory").expect("it is exported");
    (memory.data(&store).to_vec(), memory.ty(&store).maximum())
}

fn validate(wasm: &[u8]) {
    Validator::new_with_features(WasmFeatures::all()).validate_all(wasm).expect("the result is valid");
}

#[test]
fn a_module_finds_the_model_in_its_memory() {
    for len in [0, 1000, 65_536, 200_000] {
        let model = model(len);
        let baked = bake(&Wasm::default().module(), &model).expect("there is a slot");
        let (memory, maximum) = memory(&baked);
        let (address, found) = slot(&memory);
        assert_eq!((address, found), (3 << 16, model.len()));
        assert_eq!(memory[address..][..found], model);
        assert_eq!(memory.len(), (address + found).next_multiple_of(1 << 16));
        assert_eq!(maximum, None);
        // What the module had before is still there.
        assert_eq!(memory[..7], *b"before ");
        assert_eq!(memory[SLOT_ADDRESS + 24..][..6], *b" after");
    }
}

#[test]
fn a_maximum_grows_with_the_memory_up_to_the_limit() {
    let pages = model(1000).len().div_ceil(1 << 16) as u64;
    for (before, after) in [(3, 3 + pages), (100, 100 + pages), (65_535, 65_536), (65_536, 65_536)] {
        let wasm = Wasm { maximum: Some(before), ..Wasm::default() }.module();
        let (_, maximum) = memory(&bake(&wasm, &model(1000)).expect("there is a slot"));
        assert_eq!(maximum, Some(after));
    }
}

#[test]
fn the_number_of_segments_is_corrected_where_it_is_stated() {
    let wasm = Wasm { data_count: true, ..Wasm::default() }.module();
    let baked = bake(&wasm, &model(1000)).expect("there is a slot");
    validate(&baked);
    let mut counts = Vec::new();
    for payload in Parser::new(0).parse_all(&baked) {
        match payload.expect("the result is valid") {
            Payload::DataCountSection { count, .. } => counts.push(count),
            Payload::DataSection(section) => counts.push(section.count()),
            _ => {}
        }
    }
    assert_eq!(counts, [3, 3]);
}

#[test]
fn only_the_module_with_the_slot_changes_in_a_component() {
    let other = Wasm { slots: 0, ..Wasm::default() }.module();
    let wasm = Wasm::default().module();
    let component = component(&[&other, &wasm, &other]);
    let model = model(1000);
    let baked = bake(&component, &model).expect("there is a slot");
    validate(&baked);
    let modules: Vec<&[u8]> = Parser::new(0)
        .parse_all(&baked)
        .filter_map(|payload| match payload.expect("the result is valid") {
            Payload::ModuleSection { unchecked_range, .. } => Some(&baked[unchecked_range]),
            _ => None,
        })
        .collect();
    assert_eq!(modules, [&other[..], &bake(&wasm, &model).expect("there is a slot"), &other]);
    assert!(baked.ends_with(b"unchanged"), "custom sections are copied");
}

#[test]
fn components_in_components_are_looked_through() {
    let module = Wasm::default().module();
    let mut wasm = component(&[&module]);
    for _ in 0..32 {
        wasm = nested(&wasm);
    }
    let baked = bake(&wasm, &model(1000)).expect("there is a slot");
    let found = baked.windows(9).filter(|bytes| *bytes == b"unchanged").count();
    assert_eq!(found, 1 + 33, "one in the module, one in each component");
}
