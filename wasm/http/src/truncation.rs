//! What a request says about texts that are too long.

use minilm::Truncation;
use minilm_serving::json;
use serde::{Deserialize, Deserializer};

/// Which end of a text is cut off.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TruncationDirection {
    /// The first tokens.
    Left,
    /// The last tokens.
    #[default]
    Right,
}

impl<'de> Deserialize<'de> for TruncationDirection {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        json::word(
            deserializer,
            &[("left", Self::Left), ("right", Self::Right), ("Left", Self::Left), ("Right", Self::Right)],
        )
    }
}

/// The option of the core.
pub fn truncation(truncate: bool, direction: TruncationDirection) -> Truncation {
    match (truncate, direction) {
        (false, _) => Truncation::Off,
        (true, TruncationDirection::Left) => Truncation::Left,
        (true, TruncationDirection::Right) => Truncation::Right,
    }
}
