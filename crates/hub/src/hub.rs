//! A model from the Hugging Face hub, or from a mirror with the same layout of URLs.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use serde::Deserialize;
use serde::de::IgnoredAny;
use url::Url;

use super::Error;
use super::cache::{REQUIRED, Staging, WEIGHTS};
use super::download::Download;
use super::http::{Client, Get, unreachable};
use super::names::{Model, is_safe_relative};

/// The variable that names a mirror.
pub const ENDPOINT_VARIABLE: &str = "HF_ENDPOINT";
/// The hub itself.
pub const DEFAULT_ENDPOINT: &str = "https://huggingface.co";

const MODULES: &str = "modules.json";
const OPTIONAL: [&str; 6] = [
    MODULES,
    "sentence_bert_config.json",
    "config_sentence_transformers.json",
    "tokenizer_config.json",
    "special_tokens_map.json",
    "vocab.txt",
];

/// Modules behind the pooling that have weights of their own.
pub(super) const WITH_WEIGHTS: [&str; 2] = [".Dense", ".LayerNorm"];

/// A hub and who asks it.
#[derive(Debug)]
pub struct Hub<'a> {
    /// Base URL.
    pub endpoint: &'a Url,
    /// `HF_TOKEN`.
    pub token: Option<&'a str>,
    /// `HF_HUB_OFFLINE`: the user says that there is no hub.
    pub offline: bool,
    /// For the first request, which finds out whether the hub can be reached at all.
    pub first: &'a Client,
    /// For all others.
    pub client: &'a Client,
}

#[derive(Deserialize)]
struct Module {
    path: String,
    #[serde(default)]
    r#type: String,
}

impl Hub<'_> {
    /// Puts the files of `model` into `staging.model` and gives the sha256 of the weights.
    /// The weights come last: whatever is wrong with the rest is known before the long download.
    pub fn fetch(&self, model: &Model, staging: &Staging) -> Result<String, Error> {
        if self.offline {
            return Err(unreachable(self.endpoint, "HF_HUB_OFFLINE is set"));
        }
        let fetch = |client, file: &str| {
            let dest = staging.model.join(file);
            self.file(client, model, file, &dest, None)?;
            check_json(&dest)
        };
        let mut client = self.first;
        for file in REQUIRED.iter().filter(|file| **file != WEIGHTS) {
            fetch(client, file)?;
            client = self.client;
        }
        for file in OPTIONAL {
            optional(fetch(client, file))?;
        }
        for (folder, has_weights) in module_folders(&staging.model.join(MODULES))? {
            let dir = staging.model.join(&folder);
            fs::create_dir_all(&dir).map_err(Error::io(&dir))?;
            // Normalize, for one, has a folder in modules.json and no file in it.
            optional(fetch(client, &format!("{folder}/config.json")))?;
            if has_weights {
                optional(fetch(client, &format!("{folder}/{WEIGHTS}")))?;
            }
        }
        let kept = staging.downloads.join(WEIGHTS);
        let sha256 = self.file(client, model, WEIGHTS, &kept, model.sha256)?;
        let dest = staging.model.join(WEIGHTS);
        fs::rename(&kept, &dest).map_err(Error::io(&dest))?;
        Ok(sha256)
    }

    fn file(
        &self,
        client: &Client,
        model: &Model,
        file: &str,
        dest: &Path,
        sha256: Option<&str>,
    ) -> Result<String, Error> {
        let url = format!("{}/{}/resolve/main/{file}", self.endpoint.as_str().trim_end_matches('/'), model.repo);
        let url = Url::parse(&url).map_err(|error| Error::invalid(&url, error))?;
        client.download(&Download {
            get: Get { url: &url, token: self.token },
            dest,
            sha256,
            label: &format!("{} {file}", model.name),
        })
    }
}

fn optional(fetched: Result<(), Error>) -> Result<(), Error> {
    match fetched {
        Err(Error::Refused { status: 404, .. }) => Ok(()),
        other => other,
    }
}

/// A login page of some network in between must not end up in the cache as a model's configuration.
fn check_json(path: &Path) -> Result<(), Error> {
    if path.extension().is_none_or(|extension| extension != "json") {
        return Ok(());
    }
    let bytes = fs::read(path).map_err(Error::io(path))?;
    match serde_json::from_slice::<IgnoredAny>(&bytes) {
        Ok(IgnoredAny) => Ok(()),
        Err(error) => Err(Error::invalid(path.display(), format!("is not JSON: {error}"))),
    }
}

/// The folders that modules.json names, besides the root itself, and whether there are weights in them.
fn module_folders(modules: &Path) -> Result<BTreeMap<String, bool>, Error> {
    if !modules.exists() {
        return Ok(BTreeMap::new());
    }
    let bytes = fs::read(modules).map_err(Error::io(modules))?;
    let listed: Vec<Module> = serde_json::from_slice(&bytes).map_err(|error| Error::invalid(MODULES, error))?;
    let mut folders = BTreeMap::new();
    for Module { path, r#type } in listed {
        let path = path.trim_end_matches('/');
        if path.is_empty() {
            continue;
        }
        if !is_safe_relative(path) {
            return Err(Error::invalid(MODULES, format!("refused a module at {path:?}, outside the model")));
        }
        folders.insert(path.to_owned(), WITH_WEIGHTS.iter().any(|class| r#type.ends_with(class)));
    }
    Ok(folders)
}
