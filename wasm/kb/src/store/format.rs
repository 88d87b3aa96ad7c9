//! Format versions of stores.

use super::error::StoreError;

/// The format versions of a kind of store that this component reads. It brings the older ones up to date.
#[derive(Clone, Copy, Debug)]
pub struct Formats {
    /// The oldest one.
    pub oldest: i64,
    /// The one that it writes.
    pub current: i64,
}

impl Formats {
    /// Refuses a store of another version.
    ///
    /// # Errors
    /// [`StoreError::Format`].
    pub fn check(self, found: i64) -> Result<(), StoreError> {
        self.is_old(found).map(drop)
    }

    /// Whether a store of this version has to be brought up to date.
    ///
    /// # Errors
    /// [`StoreError::Format`] for a version that is not read.
    pub fn is_old(self, found: i64) -> Result<bool, StoreError> {
        match (self.oldest..=self.current).contains(&found) {
            true => Ok(found < self.current),
            false => Err(StoreError::Format { found, known: self.current }),
        }
    }
}
