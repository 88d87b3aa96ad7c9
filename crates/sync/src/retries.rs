//! Patience with MongoDB, which may be away for a while.

use std::thread;
use std::time::Duration;

use anyhow::Result;
use mongodb::error::Error;

use crate::say;

/// Seconds between attempts to reach MongoDB again.
const WAITS: [u64; 5] = [1, 2, 5, 10, 30];

/// Attempts since MongoDB last answered.
#[derive(Default)]
pub struct Retries {
    used: usize,
}

impl Retries {
    /// Waits before the next attempt. Gives the error back if there were enough of them, or if it is not one of MongoDB.
    pub fn wait(&mut self, error: anyhow::Error) -> Result<()> {
        let (Some(&wait), true) = (WAITS.get(self.used), error.is::<Error>()) else { return Err(error) };
        self.used += 1;
        say(&format!("{error:#}; trying again in {wait} s"));
        thread::sleep(Duration::from_secs(wait));
        Ok(())
    }

    /// MongoDB has answered.
    pub fn reset(&mut self) {
        self.used = 0;
    }
}
