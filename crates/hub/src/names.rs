//! Names from outside (command line, modules.json, wheel entries), checked before they become URLs or paths.

use std::path::Path;

use super::catalog::{Known, Source, model_sha256};
use super::{Error, ModelDir, PackedModel};

/// The owner that a bare name belongs to, as sentence-transformers itself has it.
const DEFAULT_OWNER: &str = "sentence-transformers";

/// A model that can be fetched.
#[derive(Debug, Clone)]
pub struct Model {
    /// The name for messages and for [`ModelDir`].
    pub name: String,
    /// `owner/name` on the hub.
    pub repo: String,
    /// The branch, tag or commit that the user asks for.
    pub revision: Option<String>,
    /// sha256 of the hub's weights, if the catalog pins it.
    pub sha256: Option<&'static str>,
    /// What decides its vectors, if the catalog pins it: see [`Known::identity`].
    pub identity: Option<&'static str>,
    /// Each sha256 that the weights may have; none if the catalog pins none.
    pub pins: Vec<&'static str>,
    /// Where it can be had, best first.
    pub sources: &'static [Source],
}

impl Model {
    /// The `model_sha256` that the catalog pins.
    pub fn model_sha256(&self) -> Option<String> {
        let identity = serde_json::from_str(self.identity?).ok()?;
        Some(model_sha256(&identity))
    }

    /// Reads `name`, `owner/name`, or a name of the catalog, each with `@revision` or without. What the catalog pins is the model without.
    pub fn parse(name: &str, catalog: &'static [Known]) -> Result<Model, Error> {
        let bad = |reason: &str| Error::invalid(format!("model {name:?}"), reason);
        let (model, revision) = name.split_once('@').map_or((name, None), |(model, revision)| (model, Some(revision)));
        if revision.is_some_and(|revision| !is_revision(revision)) {
            return Err(bad("what follows @ has to be a commit, or a branch or tag without slashes"));
        }
        let (owner, short) = model.split_once('/').unwrap_or((DEFAULT_OWNER, model));
        if !is_repo_part(owner) || !is_repo_part(short) {
            return Err(bad(
                "neither a .minilm file, nor a directory with a config.json, nor a model name (name or owner/name)",
            ));
        }
        let repo = format!("{owner}/{short}");
        if let Some(known) = catalog.iter().find(|known| known.repo == repo)
            && revision.is_none()
        {
            return Ok(known.into());
        }
        Ok(Model {
            name: if owner == DEFAULT_OWNER { short.to_owned() } else { repo.clone() },
            repo,
            revision: revision.map(str::to_owned),
            sha256: None,
            identity: None,
            pins: Vec::new(),
            sources: &[Source::Hub],
        })
    }
}

impl From<&'static Known> for Model {
    fn from(known: &'static Known) -> Self {
        Model {
            name: known.name.to_owned(),
            repo: known.repo.to_owned(),
            revision: None,
            sha256: Some(known.sha256),
            identity: known.identity,
            pins: known.pins(),
            sources: known.sources,
        }
    }
}

/// The directory that `name` is, if it holds a `config.json`, or the `modules.json` that leads to one.
pub fn local_directory(name: &str) -> Result<Option<ModelDir>, Error> {
    let path = Path::new(name);
    if !["config.json", "modules.json"].iter().any(|file| path.join(file).is_file()) {
        return Ok(None);
    }
    let path = path.canonicalize().map_err(Error::io(path))?;
    let name = path.file_name().unwrap_or(path.as_os_str());
    Ok(Some(ModelDir { name: name.to_string_lossy().into_owned(), path }))
}

/// The packed file that `name` is, by its ending.
pub fn local_file(name: &str) -> Result<Option<PackedModel>, Error> {
    let Some(stem) = name.strip_suffix(".minilm") else { return Ok(None) };
    let path = Path::new(name).canonicalize().map_err(Error::io(Path::new(name)))?;
    let name = Path::new(stem).file_name().unwrap_or_default().to_string_lossy().into_owned();
    Ok(Some(PackedModel { name, path, precision: None }))
}

/// The hub's own rule. It forbids `--`, which makes `owner--name` an unambiguous directory name.
fn is_repo_part(part: &str) -> bool {
    is_plain(part) && !part.starts_with(['.', '-']) && !part.contains("--") && !part.contains("..")
}

/// Whether a path from a model can be joined to a directory without leaving it, on every system, and be
/// put into a URL as it is.
pub fn is_safe_relative(path: &str) -> bool {
    path.split('/').all(|part| is_plain(part) && part != "." && part != "..")
}

fn is_plain(part: &str) -> bool {
    !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-'))
}

/// Whether `text` can name a revision, and be put into a URL and a path as it is.
pub fn is_revision(text: &str) -> bool {
    is_plain(text) && !text.starts_with(['.', '-']) && !text.contains("..")
}

/// Whether `text` can be a sha256 in lowercase hex.
pub fn is_sha256(text: &str) -> bool {
    text.len() == 64 && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}
