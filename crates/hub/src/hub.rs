//! A model from the Hugging Face hub, or from a mirror with the same layout of URLs.

use std::cell::OnceCell;
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use minilm_convert::ModelFiles;
use serde::Deserialize;
use serde::de::IgnoredAny;
use url::Url;

use super::Error;
use super::cache::{Staging, WEIGHTS};
use super::download::{Download, Downloaded};
use super::http::{Client, Get, unreachable};
use super::names::{Model, is_revision, is_safe_relative};
use super::sizes;

/// The variable that names a mirror.
pub const ENDPOINT_VARIABLE: &str = "HF_ENDPOINT";
/// The hub itself.
pub const DEFAULT_ENDPOINT: &str = "https://huggingface.co";

const CONFIG: &str = "config.json";
const MODULES: &str = "modules.json";
const STATIC_EMBEDDING: &str = ModelFiles::FIRST_MODULES[1];
const VOCABULARIES: [&str; 2] = ["tokenizer.json", "vocab.txt"];

/// The branch of a repository whose files are fetched, if the user names no other revision.
const BRANCH: &str = "main";

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
    /// The commit that all files are of, once it is known.
    pub commit: OnceCell<String>,
}

/// What the hub knows about a revision.
#[derive(Deserialize)]
struct Revision {
    sha: String,
}

#[derive(Deserialize)]
struct Module {
    path: String,
    #[serde(default)]
    r#type: String,
}

impl Hub<'_> {
    /// Puts the files of `model` into `staging.model`. Which files there are is found out by asking for them, as mirrors need not have a
    /// listing. All are of one commit, which is in [`Hub::commit`] afterwards: that of the first file, or the one that the hub's API names.
    /// Only of a mirror that knows neither, files are fetched by the branch.
    /// The weights come last: whatever is wrong with the rest is known before the long download.
    pub fn fetch(&self, model: &Model, staging: &Staging) -> Result<(), Error> {
        if self.offline {
            return Err(unreachable(self.endpoint, "HF_HUB_OFFLINE is set"));
        }
        let mut top = self.small(self.first, model, staging, CONFIG);
        if top.is_ok()
            && self.commit.get().is_none()
            && let Some(commit) = self.commit_of_api(model, staging)
        {
            // The branch may have moved since.
            let _ = self.commit.set(commit);
            top = self.small(self.client, model, staging, CONFIG);
        }
        let top = match top {
            Ok(()) | Err(Error::Refused { status: 404, .. }) => top,
            Err(error) => return Err(error),
        };
        let small = |file: &str| there(self.small(self.client, model, staging, file));
        small(MODULES)?;
        let folders = module_folders(&staging.model.join(MODULES))?;
        // Older models have their transformer in a folder, and so have static embeddings, which have no configuration.
        let first = folders.keys().find(|folder| ModelFiles::FIRST_MODULES.contains(&folder.as_str()));
        let prefix = first.map(|folder| format!("{folder}/")).unwrap_or_default();
        for folder in folders.keys() {
            let dir = staging.model.join(folder);
            fs::create_dir_all(&dir).map_err(Error::io(&dir))?;
            // Normalize, for one, has a folder in modules.json and no file in it.
            small(&format!("{folder}/{CONFIG}"))?;
        }
        let needs_top =
            first.is_none_or(|folder| folder != STATIC_EMBEDDING && !staging.model.join(folder).join(CONFIG).is_file());
        if needs_top {
            top?;
        }
        for file in ModelFiles::SETTINGS.into_iter().filter(|file| *file != MODULES) {
            let in_folder = !prefix.is_empty() && small(&format!("{prefix}{file}"))?;
            if !in_folder {
                small(file)?;
            }
        }
        let has =
            |file: &str| ["", &prefix].iter().any(|prefix| staging.model.join(format!("{prefix}{file}")).is_file());
        if !VOCABULARIES.into_iter().any(has) {
            let reason = format!("has neither {}", VOCABULARIES.join(" nor "));
            return Err(Error::invalid(&model.repo, reason));
        }
        for (folder, _) in folders.iter().filter(|(_, has_weights)| **has_weights) {
            for file in ModelFiles::MODULE_WEIGHTS {
                if self.weights(model, staging, &format!("{folder}/{file}"))? {
                    break;
                }
            }
        }
        self.encoder(model, staging, &prefix)
    }

    /// The commit of the revision, as the hub's API has it; `None` where there is no such API.
    fn commit_of_api(&self, model: &Model, staging: &Staging) -> Option<String> {
        let dest = staging.downloads.join("revision.json");
        let path = format!("api/models/{}/revision/{}", model.repo, revision(model));
        self.get(self.client, model, &path, "revision.json", &dest, None).ok()?;
        let bytes = fs::read(&dest).ok()?;
        // What is left of a download that has failed.
        let _ = fs::remove_file(&dest);
        let revision: Revision = serde_json::from_slice(&bytes).ok()?;
        Some(revision.sha).filter(|sha| is_revision(sha))
    }

    /// Fetches the weights of the encoder, in the first format that is there.
    fn encoder(&self, model: &Model, staging: &Staging, prefix: &str) -> Result<(), Error> {
        let formats = ModelFiles::WEIGHTS;
        // What is pinned is one file.
        let formats = if model.sha256.is_some() { &formats[..1] } else { &formats[..] };
        let prefixes = if prefix.is_empty() { vec![""] } else { vec![prefix, ""] };
        for format in formats {
            for path in prefixes.iter().map(|prefix| format!("{prefix}{format}")) {
                if !path.ends_with(".json") {
                    if self.weights(model, staging, &path)? {
                        return Ok(());
                    }
                    continue;
                }
                if !there(self.small(self.client, model, staging, &path))? {
                    continue;
                }
                let index = staging.model.join(&path);
                let content = fs::read(&index).map_err(Error::io(&index))?;
                let shards = ModelFiles::shards(&path, &content);
                for shard in shards.map_err(|error| Error::invalid(&model.repo, error))? {
                    if !is_safe_relative(&shard) || shard.contains('/') {
                        return Err(Error::invalid(&path, format!("refused a shard at {shard:?}, outside the model")));
                    }
                    let shard = path.rsplit_once('/').map_or(shard.clone(), |(folder, _)| format!("{folder}/{shard}"));
                    if !self.weights(model, staging, &shard)? {
                        return Err(Error::invalid(&model.repo, format!("has no {shard}, which {path} names")));
                    }
                }
                return Ok(());
            }
        }
        Err(Error::invalid(&model.repo, format!("has no weights that can be read: none of {}", formats.join(", "))))
    }

    /// Fetches a small file to its place.
    fn small(&self, client: &Client, model: &Model, staging: &Staging, file: &str) -> Result<(), Error> {
        let dest = staging.model.join(file);
        self.file(client, model, file, &dest, None)?;
        check_json(&dest)
    }

    /// Fetches a file of weights, which can be resumed; `false` where there is none.
    fn weights(&self, model: &Model, staging: &Staging, path: &str) -> Result<bool, Error> {
        let kept = staging.downloads.join(path.replace('/', "--"));
        let pin = model.sha256.filter(|_| path == WEIGHTS);
        if !there(self.file(self.client, model, path, &kept, pin))? {
            return Ok(false);
        }
        let dest = staging.model.join(path);
        let folder = dest.parent().unwrap_or(&staging.model);
        fs::create_dir_all(folder).map_err(Error::io(folder))?;
        fs::rename(&kept, &dest).map_err(Error::io(&dest))?;
        Ok(true)
    }

    /// Fetches a file of the commit, or of the branch as long as there is none.
    fn file(&self, client: &Client, model: &Model, file: &str, dest: &Path, sha256: Option<&str>) -> Result<(), Error> {
        let revision = self.commit.get().map_or(revision(model), String::as_str);
        let path = format!("{}/resolve/{revision}/{file}", model.repo);
        let Some(commit) = self.get(client, model, &path, file, dest, sha256)?.commit else { return Ok(()) };
        let first = self.commit.get_or_init(|| commit.clone());
        if *first == commit {
            return Ok(());
        }
        let reason = format!("is of revision {commit}, and what came before is of {first}: two revisions do not mix");
        Err(Error::invalid(format!("{file} of {}", model.repo), reason))
    }

    fn get(
        &self,
        client: &Client,
        model: &Model,
        path: &str,
        file: &str,
        dest: &Path,
        sha256: Option<&str>,
    ) -> Result<Downloaded, Error> {
        let url = format!("{}/{path}", self.endpoint.as_str().trim_end_matches('/'));
        let url = Url::parse(&url).map_err(|error| Error::invalid(&url, error))?;
        client.download(&Download {
            get: Get { url: &url, token: self.token },
            dest,
            sha256,
            max_bytes: sizes::of(file),
            label: &format!("{} {file}", model.name),
        })
    }
}

/// The revision that is asked for.
fn revision(model: &Model) -> &str {
    model.revision.as_deref().unwrap_or(BRANCH)
}

/// Whether a file was there to be fetched.
fn there(fetched: Result<(), Error>) -> Result<bool, Error> {
    match fetched {
        Err(Error::Refused { status: 404, .. }) => Ok(false),
        other => other.map(|()| true),
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
