//! Vector instructions in SSE encoding, in what wasmtime's compiler makes of the kernels.
//!
//! Between instructions in AVX encoding, such an instruction can take a hundred cycles while the host has left the upper halves of the vector
//! registers in use. The compiler spills and copies registers that way, so a hot loop may do neither.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use iced_x86::{Decoder, DecoderOptions, EncodingKind, FlowControl, Instruction, InstructionInfoFactory};
use object::{Object, ObjectSection, ObjectSymbol, SymbolKind};
use wasmtime::Engine;

use crate::{bare, bytes};

/// Parts of the names of functions that are not hot: what is left of rows whose width is no multiple of 16, which no model of the catalogue has.
const COLD: [&str; 4] = ["fold_rest", "quantize_rest", "load_fewer", "store_fewer"];

/// The functions of a module that belong to the inference, by what is in their names.
const INFERENCE: [&str; 5] =
    ["minilm6kernel", "minilm5model", "minilm8embedder", "minilm7pooling", "minilm11unit_length"];

/// What was found in a function.
#[derive(Debug, Default)]
struct Found {
    /// Vector instructions in SSE encoding.
    all: usize,
    /// Those in an innermost loop that computes with vectors and calls nothing.
    in_loops: Vec<String>,
}

#[test]
#[ignore = "needs packed models: run `cargo xtask test`"]
fn hot_loops_have_no_vector_instruction_in_sse_encoding() {
    if !cfg!(target_arch = "x86_64") || !std::arch::is_x86_feature_detected!("avx2") {
        eprintln!("skipped: wasmtime compiles for this processor without AVX");
        return;
    }
    for backend in ["simd128", "relaxed-simd"] {
        let wasm = bytes(&bare(&format!("kernels-{backend}")));
        let machine_code = Engine::default().precompile_module(&wasm).expect("the module is valid");
        let found = functions(&machine_code);
        let kernels = found.keys().filter(|name| name.contains("minilm6kernel")).count();
        assert!(kernels > 10, "{backend}: the names of the kernels are not there");
        let mut report = String::new();
        for (name, Found { all, in_loops }) in &found {
            if *all > 0 {
                let _ = writeln!(report, "{all:4} {:4} in hot loops  {name}", in_loops.len());
            }
        }
        println!("{backend}: vector instructions in SSE encoding, by function\n{report}");
        let hot: Vec<_> = found.iter().filter(|(_, found)| !found.in_loops.is_empty()).collect();
        assert!(hot.is_empty(), "{backend}: in hot loops: {hot:#?}");
    }
}

/// The test sees what it looks for.
#[test]
fn a_spill_in_a_loop_is_found() {
    // vpaddd xmm0, xmm0, xmm1; movdqu [rsp], xmm0; dec ecx; jne to the start; ret
    let code = [0xc5, 0xf9, 0xfe, 0xc1, 0xf3, 0x0f, 0x7f, 0x04, 0x24, 0xff, 0xc9, 0x75, 0xf3, 0xc3];
    let found = look_through(&code, 0);
    assert_eq!((found.all, found.in_loops.len()), (1, 1), "{found:?}");
    // The same without the jump.
    assert!(look_through(&code[..9], 0).in_loops.is_empty());
}

/// What is found in each function of the inference, by name.
fn functions(elf: &[u8]) -> BTreeMap<String, Found> {
    let file = object::File::parse(elf).expect("wasmtime writes an ELF file");
    let text = file.section_by_name(".text").expect("it has code");
    let code = text.data().expect("the code is in the file");
    let mut found = BTreeMap::new();
    for symbol in file.symbols().filter(|symbol| symbol.kind() == SymbolKind::Text) {
        let name = symbol.name().expect("names are UTF-8");
        if !INFERENCE.iter().any(|part| name.contains(part)) || COLD.iter().any(|part| name.contains(part)) {
            continue;
        }
        let start = symbol.address() as usize;
        found.insert(name.to_owned(), look_through(&code[start..start + symbol.size() as usize], symbol.address()));
    }
    found
}

fn look_through(code: &[u8], address: u64) -> Found {
    let mut info = InstructionInfoFactory::new();
    let instructions: Vec<Instruction> =
        Decoder::with_ip(64, code, address, DecoderOptions::NONE).into_iter().collect();
    let mut uses_vectors = |instruction: &Instruction| {
        info.info(instruction).used_registers().iter().any(|used| used.register().is_vector_register())
    };
    let loops: Vec<(u64, u64)> = instructions
        .iter()
        .filter(|jump| matches!(jump.flow_control(), FlowControl::ConditionalBranch | FlowControl::UnconditionalBranch))
        .map(|jump| (jump.near_branch_target(), jump.ip()))
        .filter(|&(target, jump)| address <= target && target <= jump)
        .collect();
    let within = |&(start, end): &(u64, u64), instruction: &Instruction| (start..=end).contains(&instruction.ip());
    let innermost = loops.iter().filter(|&&(start, end)| {
        !loops.iter().any(|&(inner, last)| (inner, last) != (start, end) && start <= inner && last <= end)
    });
    let mut found = Found {
        all: instructions.iter().filter(|x| x.encoding() == EncodingKind::Legacy && uses_vectors(x)).count(),
        in_loops: Vec::new(),
    };
    for region in innermost {
        let body: Vec<&Instruction> = instructions.iter().filter(|x| within(region, x)).collect();
        let calls = body.iter().any(|x| matches!(x.flow_control(), FlowControl::Call | FlowControl::IndirectCall));
        let computes = body.iter().any(|x| x.encoding() != EncodingKind::Legacy && uses_vectors(x));
        if calls || !computes {
            continue;
        }
        let legacy = body.iter().filter(|x| x.encoding() == EncodingKind::Legacy && uses_vectors(x));
        found.in_loops.extend(legacy.map(|x| format!("{:#x} {:?}", x.ip(), x.code())));
    }
    found
}
