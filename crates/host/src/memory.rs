//! What a server does so that memory it no longer needs goes back to the system. The GNU C library keeps most of it; others do not.

/// Has large pieces of memory, such as bodies and answers, go back to the system when they are freed.
///
/// To be called before the process has threads. By default the GNU C library takes a size that was freed once for one that is needed again, and keeps all memory up to that size.
pub fn return_large_pieces() {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    #[allow(unsafe_code, reason = "a function of the C library")]
    // SAFETY: there are no other threads yet; what it cannot set stays as it is.
    unsafe {
        const LARGE: i32 = 128 << 10;
        libc::mallopt(libc::M_MMAP_THRESHOLD, LARGE);
    }
}

/// Gives what is free back to the system, after work that is not done again.
pub fn give_back() {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    #[allow(unsafe_code, reason = "a function of the C library")]
    // SAFETY: it has no preconditions.
    unsafe {
        libc::malloc_trim(0);
    }
}
