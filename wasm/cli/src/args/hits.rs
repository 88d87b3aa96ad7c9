//! How many hits of a search are shown, and how.

use std::num::NonZeroUsize;

use clap::Args;

/// Which hits are shown, and in which form.
#[derive(Args)]
#[command(next_help_heading = "Output")]
pub struct HitArgs {
    /// Most hits to show
    #[arg(long, value_name = "K", default_value = "10")]
    pub top_k: NonZeroUsize,
    /// Show only hits with at least this similarity
    #[arg(long, value_name = "X", allow_negative_numbers = true, value_parser = number)]
    pub threshold: Option<f32>,
    /// Write a JSON object
    #[arg(long)]
    pub json: bool,
    /// Write one JSON object a line
    #[arg(long, conflicts_with = "json")]
    pub jsonl: bool,
}

fn number(value: &str) -> Result<f32, String> {
    value.parse().ok().filter(|x: &f32| x.is_finite()).ok_or_else(|| "not a number".to_owned())
}
