//! How often each instruction of a module runs. The processor stops after every instruction, and a signal handler counts the place:
//! a million of them take about a second.
#![allow(unsafe_code, reason = "a signal handler, and the flag that makes the processor stop")]

use std::ops::Range;
use std::ptr;
use std::sync::Mutex;
use std::sync::atomic::{AtomicPtr, AtomicU32, AtomicUsize, Ordering};

/// Where the code starts, how long it is, and a counter for each of its bytes.
static START: AtomicUsize = AtomicUsize::new(0);
static LEN: AtomicUsize = AtomicUsize::new(0);
static COUNTERS: AtomicPtr<AtomicU32> = AtomicPtr::new(ptr::null_mut());

/// There is one handler in a process.
static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());

/// Runs `run` on this thread. For each byte of `code`, how often an instruction that starts there has run.
pub fn executed(code: Range<usize>, run: impl FnOnce()) -> Vec<u32> {
    let _guard = ONE_AT_A_TIME.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
    let mut counters: Vec<AtomicU32> = code.clone().map(|_| AtomicU32::new(0)).collect();
    START.store(code.start, Ordering::SeqCst);
    COUNTERS.store(counters.as_mut_ptr(), Ordering::SeqCst);
    LEN.store(code.len(), Ordering::SeqCst);

    // SAFETY: all fields of the structure may be zero. The handler only reads its context and counts, which a handler may do.
    let before = unsafe {
        let mut action: libc::sigaction = std::mem::zeroed();
        action.sa_sigaction = count as extern "C" fn(_, _, _) as usize;
        action.sa_flags = libc::SA_SIGINFO | libc::SA_ONSTACK;
        let mut before = std::mem::zeroed();
        assert_eq!(libc::sigaction(libc::SIGTRAP, &action, &mut before), 0);
        before
    };
    // SAFETY: the trap flag is set, and then cleared; each instruction between raises a signal that the handler takes.
    unsafe { std::arch::asm!("pushfq", "or qword ptr [rsp], 0x100", "popfq") }
    run();
    // SAFETY: as above.
    unsafe { std::arch::asm!("pushfq", "and qword ptr [rsp], -0x101", "popfq") }
    LEN.store(0, Ordering::SeqCst);
    // SAFETY: `before` is what sigaction has written.
    unsafe { libc::sigaction(libc::SIGTRAP, &before, ptr::null_mut()) };
    counters.into_iter().map(AtomicU32::into_inner).collect()
}

extern "C" fn count(_: libc::c_int, _: *mut libc::siginfo_t, context: *mut libc::c_void) {
    // SAFETY: the kernel hands a handler with SA_SIGINFO its context.
    let next = unsafe { (*context.cast::<libc::ucontext_t>()).uc_mcontext.gregs[libc::REG_RIP as usize] };
    let at = (next as usize).wrapping_sub(START.load(Ordering::Relaxed));
    if at < LEN.load(Ordering::Relaxed) {
        // SAFETY: there are LEN counters, until LEN is set to 0.
        unsafe { (*COUNTERS.load(Ordering::Relaxed).add(at)).fetch_add(1, Ordering::Relaxed) };
    }
}
