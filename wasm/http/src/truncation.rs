//! What a request says about texts that are too long.

use minilm::Truncation;
use serde::Deserialize;

/// Which end of a text is cut off.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
pub enum TruncationDirection {
    /// The first tokens.
    #[serde(rename = "left", alias = "Left")]
    Left,
    /// The last tokens.
    #[default]
    #[serde(rename = "right", alias = "Right")]
    Right,
}

/// The option of the core.
pub fn truncation(truncate: bool, direction: TruncationDirection) -> Truncation {
    match (truncate, direction) {
        (false, _) => Truncation::Off,
        (true, TruncationDirection::Left) => Truncation::Left,
        (true, TruncationDirection::Right) => Truncation::Right,
    }
}
