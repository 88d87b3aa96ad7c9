//! The model that the command line asks for.

use anyhow::Result;
use minilm_hub::{Context, PackedModel, Precision, Request};

/// `--model` and `--model-precision`.
pub struct Model {
    pub request: Request,
    pub precision: Option<Precision>,
}

impl Model {
    /// The packed file, fetched and packed where that was not done before: in the precision of the command line, or in `default`.
    pub fn packed(&self, default: Precision) -> Result<PackedModel> {
        Ok(Context::from_env()?.resolve_packed(&self.request, self.precision.unwrap_or(default))?)
    }
}
