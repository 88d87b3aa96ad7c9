//! The place in the change stream, in a file.

use std::fs::{self, File};
use std::io::{ErrorKind, Write};
use std::path::PathBuf;

use anyhow::{Context, Result, bail};
use mongodb::change_stream::event::ResumeToken;
use serde::{Deserialize, Serialize};
use url::Url;

use crate::secrets;

/// The file.
pub struct StateFile {
    path: PathBuf,
    /// What the place belongs to.
    link: Link,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Link {
    database: String,
    collection: String,
    target: String,
}

/// How far the knowledge base has come.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Place {
    pub resume_token: ResumeToken,
    /// Whether the whole collection has arrived, as it was at the place or later.
    pub loaded: bool,
}

#[derive(Serialize, Deserialize)]
struct State {
    #[serde(flatten)]
    link: Link,
    #[serde(flatten)]
    place: Place,
}

impl StateFile {
    pub fn new(path: PathBuf, database: &str, collection: &str, target: String) -> Self {
        Self { path, link: Link { database: database.to_owned(), collection: collection.to_owned(), target } }
    }

    /// The place where the last run stopped; nothing where there was none.
    pub fn load(&self) -> Result<Option<Place>> {
        let name = || self.path.display().to_string();
        let text = match fs::read_to_string(&self.path) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            text => text.with_context(name)?,
        };
        let mut state: State = serde_json::from_str(&text).with_context(|| format!("{} is damaged", name()))?;
        // Files of earlier versions may have credentials in the address.
        if let Ok(url) = Url::parse(&state.link.target) {
            state.link.target = secrets::address(&url);
        }
        if state.link != self.link {
            let Link { database, collection, target } = state.link;
            bail!("{} belongs to {database}.{collection} and {target}: name another file with --state", name());
        }
        Ok(Some(state.place))
    }

    /// Writes the place down. The file is always a whole one: the old or the new.
    pub fn save(&self, place: &Place) -> Result<()> {
        let state = State { link: self.link.clone(), place: place.clone() };
        let mut part = self.path.clone().into_os_string();
        part.push(".part");
        let write = || -> Result<()> {
            let mut file = File::create(&part)?;
            file.write_all(serde_json::to_string(&state)?.as_bytes())?;
            file.sync_all()?;
            Ok(fs::rename(&part, &self.path)?)
        };
        write().with_context(|| format!("cannot write {}", self.path.display()))
    }

    /// The next start is like the first.
    pub fn forget(&self) -> Result<()> {
        match fs::remove_file(&self.path) {
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
            done => done.with_context(|| format!("cannot remove {}", self.path.display())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(data: &str, loaded: bool) -> Place {
        let resume_token = serde_json::from_value(serde_json::json!({ "_data": data })).expect("a token");
        Place { resume_token, loaded }
    }

    #[test]
    fn a_place_is_found_again() {
        let dir = tempfile::tempdir().expect("a folder");
        let path = dir.path().join("state.json");
        let state = |collection: &str| StateFile::new(path.clone(), "db", collection, "http://x/".to_owned());
        assert!(state("c").load().expect("nothing there yet").is_none());
        for place in [place("8265F0", false), place("8265F0", true), place("8265F1", true)] {
            state("c").save(&place).expect("the folder is there");
            assert_eq!(state("c").load().expect("readable"), Some(place));
        }
        let text = fs::read_to_string(&path).expect("readable").replace("http://x/", "http://kb:s3cret@x/");
        fs::write(&path, text).expect("writable");
        assert_eq!(state("c").load().expect("of an earlier version"), Some(place("8265F1", true)));
        let error = state("other").load().expect_err("of another collection").to_string();
        assert!(error.ends_with("belongs to db.c and http://x/: name another file with --state"), "{error}");
        fs::write(&path, "{").expect("writable");
        assert!(state("c").load().is_err());
        for _ in 0..2 {
            state("c").forget().expect("the folder is writable");
        }
        assert_eq!(state("c").load().expect("nothing there any more"), None);
    }
}
