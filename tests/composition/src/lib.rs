//! A component of somebody else: it knows our interface and nothing of our code.

mod bindings {
    #![allow(missing_docs, unsafe_code, reason = "generated: the canonical ABI hands over pointers")]
    #![allow(clippy::undocumented_unsafe_blocks, reason = "generated")]

    wit_bindgen::generate!({
        path: ["../../wasm/component/wit", "wit"],
        world: "minilm:composition/single",
        generate_all,
    });

    use crate::Consumer;
    export!(Consumer);
}

use bindings::exports::minilm::composition::consumer::Guest;
use bindings::minilm::embed::embedder::{
    EncodeOptions, Error, ErrorKind, Rows, TooManyTokens, Truncation, encode, info, similarity,
};

struct Consumer;

impl Guest for Consumer {
    fn vectors(
        texts: Vec<String>,
        prompt_name: Option<String>,
        truncate_dim: Option<u32>,
        refuse_long: bool,
    ) -> Result<Vec<f32>, String> {
        let options = EncodeOptions {
            prompt: None,
            prompt_name,
            normalize_embeddings: false,
            truncate_dim,
            pooling: None,
            truncation: if refuse_long { Truncation::Off } else { Truncation::Right },
            max_seq_length: None,
        };
        encode(&texts, Some(&options)).map(|embeddings| embeddings.data).map_err(refusal)
    }

    fn scores(a: Vec<f32>, b: Vec<f32>, dim: u32) -> Result<Vec<f32>, String> {
        similarity(&a, &b, dim).map_err(refusal)
    }

    fn model() -> Result<String, String> {
        info().map(|info| format!("{} {}", info.name, info.model_sha256)).map_err(refusal)
    }
}

fn refusal(error: Error) -> String {
    match error.kind {
        ErrorKind::Model => "model".to_owned(),
        ErrorKind::InvalidOption(name) => format!("invalid-option {name}"),
        ErrorKind::TooManyTokens(TooManyTokens { index, n_tokens, limit }) => {
            format!("too-many-tokens {index} {n_tokens} {limit}")
        }
        ErrorKind::Rows(Rows { name, len, dim }) => format!("rows {name} {len} {dim}"),
        ErrorKind::TooLarge(values) => format!("too-large {values}"),
        ErrorKind::NotFinite(index) => format!("not-finite {index}"),
    }
}
