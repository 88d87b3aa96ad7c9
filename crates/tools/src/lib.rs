//! What tests and benchmarks take from elsewhere: packages of npm, PyPI and Debian, at pinned versions with hashes, installed into the cache
//! folder of the user.

pub mod debian;
pub mod fs_util;
pub mod node;
pub mod python;
pub mod tool_cache;
