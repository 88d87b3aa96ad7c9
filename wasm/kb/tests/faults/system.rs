//! The system under SQLite, its files and its memory, with faults: the calls are counted, and a test chooses which one fails.

use std::ffi::{CStr, c_char, c_int, c_void};
use std::ptr;
use std::sync::atomic::{AtomicBool, AtomicPtr, AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, Once, PoisonError};

use rusqlite::ffi;

/// What fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// A call to a file: it is not done, and a write is done by half.
    File,
    /// A write to a file, which finds no room. It is done by half.
    Room,
    /// An allocation.
    Memory,
}

/// How many calls fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lasting {
    /// The one.
    Once,
    /// All from there on.
    Always,
}

/// The name by which connections ask for these files.
pub const VFS: &CStr = c"minilm-faults";

/// Off where it is 0. Else 1 more than a [`Fault`].
static KIND: AtomicUsize = AtomicUsize::new(0);
/// Calls of that kind until it fails.
static LEFT: AtomicUsize = AtomicUsize::new(0);
static ALWAYS: AtomicBool = AtomicBool::new(false);
static HIT: AtomicBool = AtomicBool::new(false);

/// Runs `work` with a fault after so many calls. Gives what `work` gives, and whether there were as many calls.
///
/// Faults are of the whole process, so others wait for the lock of [`alone`].
pub fn with_fault<T>(fault: Fault, after: usize, lasting: Lasting, work: impl FnOnce() -> T) -> (T, bool) {
    LEFT.store(after, Ordering::SeqCst);
    ALWAYS.store(lasting == Lasting::Always, Ordering::SeqCst);
    HIT.store(false, Ordering::SeqCst);
    KIND.store(1 + fault as usize, Ordering::SeqCst);
    let done = work();
    KIND.store(0, Ordering::SeqCst);
    (done, HIT.load(Ordering::SeqCst))
}

/// Waits until no other test has faults, and sets SQLite up for them.
pub fn alone() -> MutexGuard<'static, ()> {
    static ALONE: Mutex<()> = Mutex::new(());
    static SET_UP: Once = Once::new();
    let guard = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    SET_UP.call_once(|| {
        set_up_memory();
        set_up_files();
    });
    guard
}

/// Whether this is the fault that there is now.
pub fn fault_is(fault: Fault) -> bool {
    KIND.load(Ordering::SeqCst) == 1 + fault as usize
}

/// Whether this call fails.
fn fails(fault: Fault) -> bool {
    if !fault_is(fault) {
        return false;
    }
    let counted = LEFT.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1));
    if counted.is_ok() {
        return false;
    }
    let is_first = !HIT.swap(true, Ordering::SeqCst);
    is_first || ALWAYS.load(Ordering::SeqCst)
}

static MEMORY: AtomicPtr<ffi::sqlite3_mem_methods> = AtomicPtr::new(ptr::null_mut());

#[allow(unsafe_code, reason = "SQLite's own interface to memory")]
fn set_up_memory() {
    let none = ffi::sqlite3_mem_methods {
        xMalloc: None,
        xFree: None,
        xRealloc: None,
        xSize: None,
        xRoundup: None,
        xInit: None,
        xShutdown: None,
        pAppData: ptr::null_mut(),
    };
    let base = Box::leak(Box::new(none));
    // SAFETY: SQLite is not initialized yet, the structures are of its types, and it keeps a copy of the second one.
    unsafe {
        assert_eq!(ffi::sqlite3_config(ffi::SQLITE_CONFIG_GETMALLOC, &raw mut *base), ffi::SQLITE_OK);
        MEMORY.store(base, Ordering::SeqCst);
        let mut own = ffi::sqlite3_mem_methods { xMalloc: Some(allocate), xRealloc: Some(reallocate), ..*base };
        assert_eq!(ffi::sqlite3_config(ffi::SQLITE_CONFIG_MALLOC, &raw mut own), ffi::SQLITE_OK);
    }
}

#[allow(unsafe_code, reason = "called by SQLite")]
unsafe extern "C" fn allocate(bytes: c_int) -> *mut c_void {
    if fails(Fault::Memory) {
        return ptr::null_mut();
    }
    // SAFETY: set up before SQLite calls this; what it asks for is passed on.
    unsafe { (*MEMORY.load(Ordering::SeqCst)).xMalloc.map_or(ptr::null_mut(), |allocate| allocate(bytes)) }
}

#[allow(unsafe_code, reason = "called by SQLite")]
unsafe extern "C" fn reallocate(memory: *mut c_void, bytes: c_int) -> *mut c_void {
    if fails(Fault::Memory) {
        return ptr::null_mut();
    }
    // SAFETY: as above.
    unsafe { (*MEMORY.load(Ordering::SeqCst)).xRealloc.map_or(ptr::null_mut(), |allocate| allocate(memory, bytes)) }
}

/// The files of this system.
static FILES: AtomicPtr<ffi::sqlite3_vfs> = AtomicPtr::new(ptr::null_mut());

/// What can be done with a file: SQLite sees the first field.
#[repr(C)]
struct Methods {
    faulty: ffi::sqlite3_io_methods,
    /// The same of this system.
    system: *const ffi::sqlite3_io_methods,
}

#[allow(unsafe_code, reason = "SQLite's own interface to files")]
fn set_up_files() {
    // SAFETY: `base` lives as long as SQLite, and so does the leaked copy.
    unsafe {
        let base = ffi::sqlite3_vfs_find(ptr::null());
        FILES.store(base, Ordering::SeqCst);
        let own = ffi::sqlite3_vfs {
            pNext: ptr::null_mut(),
            zName: VFS.as_ptr(),
            xOpen: Some(open),
            xDelete: Some(delete),
            xAccess: Some(access),
            ..*base
        };
        assert_eq!(ffi::sqlite3_vfs_register(Box::leak(Box::new(own)), 0), ffi::SQLITE_OK);
    }
}

#[allow(unsafe_code, reason = "called by SQLite")]
unsafe extern "C" fn open(
    _: *mut ffi::sqlite3_vfs,
    name: ffi::sqlite3_filename,
    file: *mut ffi::sqlite3_file,
    flags: c_int,
    opened: *mut c_int,
) -> c_int {
    // SAFETY: SQLite's arguments are passed on, to the functions that its file belongs to.
    unsafe {
        if fails(Fault::File) {
            (*file).pMethods = ptr::null();
            return ffi::SQLITE_CANTOPEN;
        }
        let files = FILES.load(Ordering::SeqCst);
        let Some(open) = (*files).xOpen else { return ffi::SQLITE_CANTOPEN };
        let code = open(files, name, file, flags, opened);
        if code == ffi::SQLITE_OK {
            let system = (*file).pMethods;
            let faulty = ffi::sqlite3_io_methods {
                xRead: Some(read),
                xWrite: Some(write),
                xTruncate: Some(truncate),
                xSync: Some(sync),
                xFileSize: Some(file_size),
                xLock: Some(lock),
                xShmMap: Some(map_shared),
                xShmLock: Some(lock_shared),
                xClose: Some(close),
                ..*system
            };
            (*file).pMethods = Box::into_raw(Box::new(Methods { faulty, system })).cast();
        }
        code
    }
}

/// The methods of the system for `file`.
#[allow(unsafe_code, reason = "called with a file of `open`")]
unsafe fn system<'a>(file: File) -> &'a ffi::sqlite3_io_methods {
    // SAFETY: `open` has set the methods, and the system's live as long as the process.
    unsafe { &*(*(*file).pMethods.cast::<Methods>()).system }
}

/// A function that fails with `$code`, or does what the system does.
macro_rules! faulty {
    ($name:ident, $method:ident, $code:expr, $file:ident $(, $argument:ident: $type:ty)*) => {
        #[allow(unsafe_code, reason = "called by SQLite")]
        unsafe extern "C" fn $name($file: File $(, $argument: $type)*) -> c_int {
            if fails(Fault::File) {
                return $code;
            }
            // SAFETY: set before SQLite has this function, and its arguments are passed on.
            unsafe { system($file).$method.map_or($code, |method| method($file $(, $argument)*)) }
        }
    };
}

type File = *mut ffi::sqlite3_file;

#[allow(unsafe_code, reason = "called by SQLite")]
unsafe extern "C" fn close(file: File) -> c_int {
    // SAFETY: the methods are those of `open`, and SQLite does not call one after this.
    unsafe {
        let methods = Box::from_raw((*file).pMethods.cast_mut().cast::<Methods>());
        // The system has its own in the file.
        (*file).pMethods = methods.system;
        (*methods.system).xClose.map_or(ffi::SQLITE_OK, |close| close(file))
    }
}

faulty!(read, xRead, ffi::SQLITE_IOERR_READ, file, to: *mut c_void, bytes: c_int, at: ffi::sqlite3_int64);
faulty!(truncate, xTruncate, ffi::SQLITE_IOERR_TRUNCATE, file, size: ffi::sqlite3_int64);
faulty!(sync, xSync, ffi::SQLITE_IOERR_FSYNC, file, flags: c_int);
faulty!(file_size, xFileSize, ffi::SQLITE_IOERR_FSTAT, file, size: *mut ffi::sqlite3_int64);
faulty!(lock, xLock, ffi::SQLITE_IOERR_LOCK, file, level: c_int);
faulty!(map_shared, xShmMap, ffi::SQLITE_IOERR_SHMMAP, file, page: c_int, size: c_int, extend: c_int, to: *mut *mut c_void);

// Giving a lock back does not fail, and SQLite does not expect that it does.
#[allow(unsafe_code, reason = "called by SQLite")]
unsafe extern "C" fn lock_shared(file: File, from: c_int, count: c_int, flags: c_int) -> c_int {
    if flags & ffi::SQLITE_SHM_LOCK != 0 && fails(Fault::File) {
        return ffi::SQLITE_IOERR_SHMLOCK;
    }
    // SAFETY: as above.
    unsafe {
        let method = system(file).xShmLock;
        method.map_or(ffi::SQLITE_IOERR_SHMLOCK, |method| method(file, from, count, flags))
    }
}

#[allow(unsafe_code, reason = "called by SQLite")]
unsafe extern "C" fn write(file: File, from: *const c_void, bytes: c_int, at: ffi::sqlite3_int64) -> c_int {
    let failed = if fails(Fault::File) {
        ffi::SQLITE_IOERR_WRITE
    } else if fails(Fault::Room) {
        ffi::SQLITE_FULL
    } else {
        ffi::SQLITE_OK
    };
    let written = if failed == ffi::SQLITE_OK { bytes } else { bytes / 2 };
    // SAFETY: as above; half of the bytes are there if all are.
    let code = unsafe {
        let method = system(file).xWrite;
        method.map_or(ffi::SQLITE_IOERR_WRITE, |method| method(file, from, written, at))
    };
    if failed == ffi::SQLITE_OK { code } else { failed }
}

#[allow(unsafe_code, reason = "called by SQLite")]
unsafe extern "C" fn delete(_: *mut ffi::sqlite3_vfs, name: *const c_char, sync: c_int) -> c_int {
    if fails(Fault::File) {
        return ffi::SQLITE_IOERR_DELETE;
    }
    // SAFETY: as above.
    unsafe {
        let files = FILES.load(Ordering::SeqCst);
        (*files).xDelete.map_or(ffi::SQLITE_IOERR_DELETE, |delete| delete(files, name, sync))
    }
}

#[allow(unsafe_code, reason = "called by SQLite")]
unsafe extern "C" fn access(_: *mut ffi::sqlite3_vfs, name: *const c_char, flags: c_int, found: *mut c_int) -> c_int {
    if fails(Fault::File) {
        return ffi::SQLITE_IOERR_ACCESS;
    }
    // SAFETY: as above.
    unsafe {
        let files = FILES.load(Ordering::SeqCst);
        (*files).xAccess.map_or(ffi::SQLITE_IOERR_ACCESS, |access| access(files, name, flags, found))
    }
}
