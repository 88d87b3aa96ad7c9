//! The upper halves of the vector registers, which a guest should find empty.
//!
//! Cranelift spills and copies vector registers in SSE encoding, also where everything else has the AVX one. On some Intel processors
//! each such instruction takes about a hundred cycles while the upper half of a register is in use, and host code can leave it in
//! use (docs/decisions has the figures). Emptying the halves takes one instruction.
#![allow(unsafe_code, reason = "two instructions that have no safe form")]

use wasmtime::{CallHook, Config, Engine, Store};

/// Empties the upper halves before the guest is entered: when the host calls it, and when a function of the host returns to it.
pub fn clear_before_entry<T: 'static>(store: &mut Store<T>) {
    store.call_hook(|_, hook| {
        clear_at(hook);
        Ok(())
    });
}

/// Empties the upper halves where the guest is entered next.
fn clear_at(hook: CallHook) {
    if let CallHook::CallingWasm | CallHook::ReturningFromHost = hook {
        clear_upper_halves();
    }
}

/// Sets the upper halves of all vector registers to zero, so that the processor counts them as not in use.
#[inline]
pub fn clear_upper_halves() {
    #[cfg(target_arch = "x86_64")]
    if std::arch::is_x86_feature_detected!("avx") {
        // SAFETY: the processor has AVX. This program is compiled without it, so that no upper half holds a value.
        unsafe { std::arch::x86_64::_mm256_zeroupper() }
    }
}

/// An engine that compiles without AVX, so that no instruction has two encodings. For benchmarks: it keeps no compiled code.
///
/// # Errors
/// wasmtime does not support this processor.
pub fn engine_without_avx() -> wasmtime::Result<Engine> {
    let mut config = Config::new();
    #[cfg(target_arch = "x86_64")]
    {
        // With a target named, wasmtime takes none of this processor's features by itself.
        config.target(&format!("x86_64-unknown-{}", std::env::consts::OS))?;
        for feature in ["has_sse3", "has_ssse3", "has_sse41", "has_sse42", "has_popcnt"] {
            // SAFETY: every processor that has AVX has these, and wasmtime checks it when the code is loaded.
            unsafe { config.cranelift_flag_enable(feature) };
        }
    }
    Engine::new(&config)
}

/// Leaves the upper half of a vector register in use, as host code with AVX can do. Does nothing on a processor without AVX2.
#[inline(never)]
pub fn use_upper_halves() {
    #[cfg(target_arch = "x86_64")]
    if std::arch::is_x86_feature_detected!("avx2") {
        // SAFETY: the processor has AVX2, and the register is declared as changed.
        unsafe { std::arch::asm!("vpcmpeqd ymm0, ymm0, ymm0", out("xmm0") _, options(nomem, nostack)) }
    }
}

#[cfg(all(test, target_arch = "x86_64"))]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use wasmtime::component::{Component, Linker};
    use wasmtime::{Engine, StoreContextMut};

    use super::*;

    /// A component whose `run` calls the host twice: the guest is entered three times.
    const GUEST: &str = r#"(component
        (import "call" (func $call))
        (core func $lowered (canon lower (func $call)))
        (core module $module
            (import "host" "call" (func $call))
            (func (export "run")
                call $call
                call $call))
        (core instance $instance (instantiate $module (with "host" (instance (export "call" (func $lowered))))))
        (func (export "run") (canon lift (core func $instance "run"))))"#;

    /// Whether the processor counts the upper halves as in use: bit 2 of XINUSE. `None` where it does not tell.
    fn in_use() -> Option<bool> {
        let leaf = std::arch::x86_64::__cpuid_count(0xd, 1);
        if !std::arch::is_x86_feature_detected!("avx2") || leaf.eax & 4 == 0 {
            return None;
        }
        let low: u32;
        // SAFETY: the processor has XGETBV with ECX = 1, as the leaf says.
        unsafe { std::arch::asm!("xgetbv", in("ecx") 1, out("eax") low, out("edx") _, options(nomem, nostack)) }
        Some(low & 4 != 0)
    }

    /// Leaves the upper halves in use before each entry, calls `entering`, and counts how often the guest is left with them in use.
    fn run(entering: fn(CallHook)) -> usize {
        let engine = Engine::default();
        let guest = wat::parse_str(GUEST).expect("the guest is WAT");
        let component = Component::new(&engine, guest).expect("the guest is valid");
        let mut linker = Linker::new(&engine);
        let call = |_: StoreContextMut<'_, ()>, (): ()| Ok(());
        linker.root().func_wrap("call", call).expect("a new name");
        let mut store = Store::new(&engine, ());
        let found = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&found);
        store.call_hook(move |_, hook| {
            // What the host runs in between may empty them by itself, so this is the first and the last that it does.
            if let CallHook::CallingHost | CallHook::ReturningFromWasm = hook {
                count.fetch_add(usize::from(in_use() == Some(true)), Ordering::Relaxed);
            } else {
                use_upper_halves();
                entering(hook);
            }
            Ok(())
        });
        let instance = linker.instantiate(&mut store, &component).expect("all imports are there");
        let run = instance.get_typed_func::<(), ()>(&mut store, "run").expect("it is exported");
        run.call(&mut store, ()).expect("it does not trap");
        found.load(Ordering::Relaxed)
    }

    #[test]
    fn a_guest_finds_the_upper_halves_empty() {
        use_upper_halves();
        if in_use() != Some(true) {
            eprintln!("skipped: this processor does not tell whether they are in use");
            return;
        }
        assert!(run(|_| {}) > 0, "the guest sees what the host left");
        assert_eq!(run(clear_at), 0);
    }
}
