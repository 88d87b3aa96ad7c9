//! The page with a model, as a folder of static files that any server can serve.
//!
//! The page itself knows no model. [`Site::new`] adds two files that do: `site.json`, which names the model, and `sw.js`, the
//! service worker with the list of what it keeps. [`Site::write`] writes everything into a folder.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::{fs, io};

use serde_json::json;
use sha2::{Digest, Sha256};

/// The files of the page by their path, with `/`. A file that gets smaller by compression stands beside its `.gz`.
pub type Page = BTreeMap<String, Cow<'static, [u8]>>;

/// The service worker.
pub const SERVICE_WORKER: &str = "sw.js";

/// A file that is as large as all others together, and that few visits need: it is kept from the first of these on.
const ON_DEMAND: &str = "minilm-wasm/wasm/minilm-convert.wasm";

/// Where models lie in the site.
const MODELS: &str = "models";

/// Digits of a hash that tell versions apart.
const SHORT_HASH: usize = 16;

/// What kept a site from being written.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A file cannot be read or written.
    #[error("{}: {cause}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// Why.
        cause: io::Error,
    },
    /// The page has no service worker, so it is not one.
    #[error("there is no {SERVICE_WORKER} in the page")]
    NoServiceWorker,
}

fn io(path: &Path) -> impl FnOnce(io::Error) -> Error {
    move |cause| Error::Io { path: path.to_owned(), cause }
}

/// The files of the page in the folder `path`.
///
/// # Errors
/// [`Error::Io`] where a file cannot be read.
pub fn read_page(path: &Path) -> Result<Page, Error> {
    let mut page = Page::new();
    add_files(path, "", &mut page)?;
    Ok(page)
}

fn add_files(folder: &Path, prefix: &str, page: &mut Page) -> Result<(), Error> {
    for entry in fs::read_dir(folder).map_err(io(folder))? {
        let entry = entry.map_err(io(folder))?;
        let (path, name) = (entry.path(), format!("{prefix}{}", entry.file_name().to_string_lossy()));
        if path.is_dir() {
            add_files(&path, &format!("{name}/"), page)?;
        } else {
            page.insert(name, fs::read(&path).map_err(io(&path))?.into());
        }
    }
    Ok(())
}

/// A page and a model.
#[derive(Debug)]
pub struct Site {
    page: Page,
    model: PathBuf,
    /// The path of the model in the site.
    model_path: String,
    version: String,
}

impl Site {
    /// The page with the packed file `model`, which it calls `name`.
    ///
    /// # Errors
    /// [`Error::Io`] where the model cannot be read, and [`Error::NoServiceWorker`].
    pub fn new(mut page: Page, name: &str, model: &Path) -> Result<Self, Error> {
        let bytes = fs::read(model).map_err(io(model))?;
        let sha256 = format!("{:x}", Sha256::digest(&bytes));
        // The name changes with the content, so that no cache can give an old one.
        let model_path = format!("{MODELS}/{}-{}.minilm", name.replace('/', "--"), &sha256[..8]);
        let about = json!({ "model": { "name": name, "url": model_path, "bytes": bytes.len(), "sha256": sha256 } });
        page.insert("site.json".to_owned(), format!("{about:#}\n").into_bytes().into());

        let worker = page.remove(SERVICE_WORKER).ok_or(Error::NoServiceWorker)?;
        let mut hash = Sha256::new();
        let mut kept = Vec::new();
        for (path, bytes) in page.iter().filter(|(path, _)| !path.ends_with(".gz")) {
            hash.update(path);
            hash.update(bytes);
            if path != ON_DEMAND {
                kept.push(path);
            }
        }
        let version = format!("{:x}", hash.finalize())[..SHORT_HASH].to_owned();
        // Into the worker itself: browsers compare the worker with the one that they have, and nothing else.
        let later: Vec<&str> = page.contains_key(ON_DEMAND).then_some(ON_DEMAND).into_iter().collect();
        let list = json!({ "version": version, "files": kept, "later": later });
        let worker = [format!("self.precache = {list:#};\n\n").as_bytes(), &worker].concat();
        page.insert(SERVICE_WORKER.to_owned(), worker.into());
        Ok(Self { page, model: model.to_owned(), model_path, version })
    }

    /// A name that changes with any file of the site.
    #[must_use]
    pub fn version(&self) -> &str {
        &self.version
    }

    /// Writes the site into `folder`, in place of what is there. What is there stays whole until the new site is.
    ///
    /// # Errors
    /// [`Error::Io`] where that fails.
    pub fn write(&self, folder: &Path) -> Result<(), Error> {
        let part = folder.with_extension("part");
        if part.exists() {
            fs::remove_dir_all(&part).map_err(io(&part))?;
        }
        for (path, bytes) in &self.page {
            let path = part.join(path);
            create_parent(&path)?;
            fs::write(&path, bytes).map_err(io(&path))?;
        }
        let model = part.join(&self.model_path);
        create_parent(&model)?;
        // A link costs no space. Other file systems, and some that have no links, get a copy.
        if fs::hard_link(&self.model, &model).is_err() {
            fs::copy(&self.model, &model).map_err(io(&model))?;
        }
        if folder.exists() {
            fs::remove_dir_all(folder).map_err(io(folder))?;
        }
        fs::rename(&part, folder).map_err(io(folder))
    }
}

fn create_parent(path: &Path) -> Result<(), Error> {
    let parent = path.parent().unwrap_or(path);
    fs::create_dir_all(parent).map_err(io(parent))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page() -> Page {
        [("index.html", "<p>"), ("js/a.js", "1"), ("js/a.js.gz", "compressed"), ("sw.js", "start();")]
            .into_iter()
            .map(|(path, text)| (path.to_owned(), text.as_bytes().into()))
            .collect()
    }

    #[test]
    fn a_site_is_the_page_the_model_and_the_list_of_what_to_keep() {
        let folder = tempfile::tempdir().expect("there is a temporary folder");
        let (model, site) = (folder.path().join("x.minilm"), folder.path().join("site"));
        fs::write(&model, b"weights").expect("it can be written");
        fs::create_dir_all(site.join("left over")).expect("it can be made");
        let built = Site::new(page(), "owner/model-int8", &model).expect("everything is there");
        built.write(&site).expect("it can be written");

        let read = |path: &str| fs::read_to_string(site.join(path)).expect("it was written");
        let about: serde_json::Value = serde_json::from_str(&read("site.json")).expect("it is JSON");
        let url = about["model"]["url"].as_str().expect("it is a text");
        assert_eq!(about["model"]["name"], "owner/model-int8");
        assert_eq!(about["model"]["bytes"], 7);
        assert_eq!(url, "models/owner--model-int8-9a129038.minilm");
        assert_eq!(read(url), "weights");
        assert_eq!(read("js/a.js.gz"), "compressed");
        assert!(!site.join("left over").exists());

        let worker = read("sw.js");
        let list = worker.strip_prefix("self.precache = ").and_then(|worker| worker.strip_suffix(";\n\nstart();"));
        let list: serde_json::Value = serde_json::from_str(list.expect("the list is in front")).expect("it is JSON");
        assert_eq!(list["files"], json!(["index.html", "js/a.js", "site.json"]));
        assert_eq!(list["later"], json!([]));
        assert_eq!(list["version"], built.version());
    }

    #[test]
    fn the_converter_is_kept_when_it_is_first_used() {
        let folder = tempfile::tempdir().expect("there is a temporary folder");
        let model = folder.path().join("x.minilm");
        fs::write(&model, b"weights").expect("it can be written");
        let version = |converter: &'static str| {
            let mut page = page();
            page.insert(ON_DEMAND.to_owned(), converter.as_bytes().into());
            let site = Site::new(page, "x", &model).expect("everything is there");
            let worker = String::from_utf8_lossy(&site.page[SERVICE_WORKER]).into_owned();
            let list = worker.strip_prefix("self.precache = ").and_then(|worker| worker.strip_suffix(";\n\nstart();"));
            let list: serde_json::Value =
                serde_json::from_str(list.expect("the list is in front")).expect("it is JSON");
            assert_eq!(list["files"], json!(["index.html", "js/a.js", "site.json"]));
            assert_eq!(list["later"], json!([ON_DEMAND]));
            site.version().to_owned()
        };
        assert_ne!(version("1"), version("2"));
    }

    #[test]
    fn the_version_changes_with_the_page_and_with_the_model() {
        let folder = tempfile::tempdir().expect("there is a temporary folder");
        let model = folder.path().join("x.minilm");
        let version = |page: Page, weights: &str| {
            fs::write(&model, weights).expect("it can be written");
            Site::new(page, "x", &model).expect("everything is there").version().to_owned()
        };
        let mut other = page();
        other.insert("js/a.js".to_owned(), b"2"[..].into());
        let versions = [version(page(), "1"), version(page(), "1"), version(other, "1"), version(page(), "2")];
        assert_eq!(versions[0], versions[1]);
        assert_ne!(versions[0], versions[2]);
        assert_ne!(versions[0], versions[3]);
    }

    #[test]
    fn what_is_missing_is_named() {
        let missing = Site::new(page(), "x", Path::new("no such file")).expect_err("there is no model");
        assert!(missing.to_string().starts_with("no such file: "), "{missing}");
        let model = tempfile::NamedTempFile::new().expect("there is a temporary folder");
        let empty = Site::new(Page::new(), "x", model.path()).expect_err("there is no page");
        assert!(matches!(empty, Error::NoServiceWorker));
    }
}
